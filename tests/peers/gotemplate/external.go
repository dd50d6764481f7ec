//go:build external

package main

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"hash"
	"strings"

	"github.com/Masterminds/sprig/v3"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"sigs.k8s.io/yaml"
	"software.sslmate.com/src/go-pkcs12"
)

// The functions of external-secrets 2.9 (runtime/template/v2, which is no module that programs outside can have): upstream's
// sprig on the versions of its modules, with what its copy changes, and its own functions over the same libraries.
var functions = externalSecrets()

type algorithm string

func externalSecrets() map[string]any {
	all := sprig.GenericFuncMap()
	for _, name := range []string{"env", "expandenv", "getHostByName"} {
		delete(all, name)
	}
	bcrypt := all["htpasswd"].(func(string, string) string)
	for name, function := range map[string]any{
		"htpasswd": func(user, password string, kind algorithm) string {
			if kind != "sha" || strings.Contains(user, ":") {
				return bcrypt(user, password)
			}
			sum := sha1.Sum([]byte(password))
			return user + ":{SHA}" + base64.StdEncoding.EncodeToString(sum[:])
		},
		"hexdec": func(text string) string {
			plain, err := hex.DecodeString(text)
			if err != nil {
				return err.Error()
			}
			return string(plain)
		},
		"toYaml": func(value any) string {
			text, err := yaml.Marshal(value)
			if err != nil {
				return ""
			}
			return strings.TrimSuffix(string(text), "\n")
		},
		"fromYaml": func(text string) map[string]any {
			m := map[string]any{}
			if err := yaml.Unmarshal([]byte(text), &m); err != nil {
				m["Error"] = err.Error()
			}
			return m
		},
		"pkcs12key":                 func(file string) (string, error) { return storeKey("", file) },
		"pkcs12keyPass":             storeKey,
		"pkcs12cert":                func(file string) (string, error) { return storeCertificates("", file) },
		"pkcs12certPass":            storeCertificates,
		"pemToPkcs12":               func(c, k string) (string, error) { return store(c, k, "", false) },
		"pemToPkcs12Pass":           func(c, k, p string) (string, error) { return store(c, k, p, false) },
		"fullPemToPkcs12":           func(c, k string) (string, error) { return store(c, k, "", true) },
		"fullPemToPkcs12Pass":       func(c, k, p string) (string, error) { return store(c, k, p, true) },
		"pemTruststoreToPKCS12":     func(c string) (string, error) { return trusted(c, "") },
		"pemTruststoreToPKCS12Pass": trusted,
		"filterPEM":                 filterPEM,
		"filterCertChain":           filterChain,
		"certSANs":                  names,
		"jwkPublicKeyPem": func(text string) (string, error) {
			return jwkPEM(text, "PUBLIC KEY", x509.MarshalPKIXPublicKey)
		},
		"jwkPrivateKeyPem": func(text string) (string, error) {
			return jwkPEM(text, "PRIVATE KEY", x509.MarshalPKCS8PrivateKey)
		},
		"rsaDecrypt": decrypt,
		// for tests only: the names that a trust store has
		"testTrusted": func(file, password string) (string, error) {
			certificates, err := pkcs12.DecodeTrustStore([]byte(file), password)
			return encodeAll(certificates), err
		},
	} {
		all[name] = function
	}
	return all
}

func encode(label string, content []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: content}))
}

func encodeAll(certificates []*x509.Certificate) string {
	var all strings.Builder
	for _, certificate := range certificates {
		all.WriteString(encode("CERTIFICATE", certificate.Raw))
	}
	return all.String()
}

func withoutJunk(text string) string {
	if at := strings.Index(text, "-----BEGIN"); at >= 0 {
		return text[at:]
	}
	return text
}

func privateKey(der []byte) (any, error) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return key, nil
	}
	return x509.ParseECPrivateKey(der)
}

func storeKey(password, file string) (string, error) {
	key, _, _, err := pkcs12.DecodeChain([]byte(file), password)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return encode("PRIVATE KEY", der), err
}

func storeCertificates(password, file string) (string, error) {
	_, leaf, above, err := pkcs12.DecodeChain([]byte(file), password)
	if err != nil {
		return "", err
	}
	all := append([]*x509.Certificate{leaf}, above...)
	if chain, err := ordered(all); err == nil {
		all = chain
	}
	return encodeAll(all), nil
}

func certificates(text []byte) (all []*x509.Certificate, err error) {
	for len(text) > 0 {
		block, rest := pem.Decode(text)
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all, text = append(all, certificate), rest
	}
	return all, nil
}

func store(chain, key, password string, full bool) (string, error) {
	block, rest := pem.Decode([]byte(chain))
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", err
	}
	var above []*x509.Certificate
	if full {
		if above, err = certificates(rest); err != nil {
			return "", err
		}
	}
	block, _ = pem.Decode([]byte(key))
	private, err := privateKey(block.Bytes)
	if err != nil {
		return "", err
	}
	file, err := pkcs12.Modern.Encode(private, leaf, above, password)
	return base64.StdEncoding.EncodeToString(file), err
}

func trusted(chain, password string) (string, error) {
	all, err := certificates([]byte(chain))
	if err != nil {
		return "", err
	}
	file, err := pkcs12.Modern.EncodeTrustStore(all, password)
	return base64.StdEncoding.EncodeToString(file), err
}

func filterPEM(label, text string) (string, error) {
	var found strings.Builder
	rest := []byte(withoutJunk(text))
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if strings.EqualFold(block.Type, label) {
			if err := pem.Encode(&found, block); err != nil {
				return "", err
			}
		}
	}
	if found.Len() == 0 && len(rest) != 0 {
		return "", errors.New("junk")
	}
	return found.String(), nil
}

// From the leaf to the root, by the names of keys alone.
func ordered(all []*x509.Certificate) (chain []*x509.Certificate, err error) {
	signer := make([]int, len(all))
	signs := make([]bool, len(all))
	for i := range all {
		signer[i] = -1
		for j := range all {
			if i != j && bytes.Equal(all[i].AuthorityKeyId, all[j].SubjectKeyId) {
				signer[i], signs[j] = j, true
				break
			}
		}
	}
	next := -1
	for i := range all {
		if !signs[i] {
			if next >= 0 {
				return nil, errors.New("more than one leaf")
			}
			next = i
		}
	}
	if next < 0 {
		return nil, errors.New("no leaf")
	}
	for ; next >= 0; next = signer[next] {
		if len(chain) == len(all) {
			return nil, errors.New("a circle")
		}
		chain = append(chain, all[next])
	}
	return chain, nil
}

func isRoot(certificate *x509.Certificate) bool {
	return certificate.AuthorityKeyId == nil || bytes.Equal(certificate.AuthorityKeyId, certificate.SubjectKeyId)
}

func filterChain(kind, text string) (string, error) {
	var all []*x509.Certificate
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return "", err
		}
		all = append(all, certificate)
	}
	chain, err := ordered(all)
	if err != nil {
		return "", err
	}
	last := chain[len(chain)-1]
	switch {
	case kind == "leaf" && !isRoot(chain[0]):
		return encodeAll(chain[:1]), nil
	case kind == "intermediate":
		end := 1
		for end < len(chain) && !isRoot(chain[end]) {
			end++
		}
		return encodeAll(chain[1:end]), nil
	case kind == "root" && isRoot(last):
		return encodeAll([]*x509.Certificate{last}), nil
	}
	return "", nil
}

func names(text string) ([]string, error) {
	block, _ := pem.Decode([]byte(withoutJunk(text)))
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	all := append([]string{}, certificate.DNSNames...)
	for _, address := range certificate.IPAddresses {
		all = append(all, address.String())
	}
	all = append(all, certificate.EmailAddresses...)
	for _, uri := range certificate.URIs {
		all = append(all, uri.String())
	}
	return all, nil
}

func jwkPEM(text, label string, marshal func(any) ([]byte, error)) (string, error) {
	key, err := jwk.ParseKey([]byte(text))
	if err != nil {
		return "", err
	}
	var raw any
	if err := key.Raw(&raw); err != nil {
		return "", err
	}
	der, err := marshal(raw)
	return encode(label, der), err
}

func decrypt(scheme, kind, text, key string) (string, error) {
	switch scheme {
	case "None":
		return text, nil
	case "RSA-OAEP":
	default:
		return "", errors.New("no such scheme")
	}
	block, _ := pem.Decode([]byte(key))
	private, err := privateKey(block.Bytes)
	if err != nil {
		return "", err
	}
	var h hash.Hash
	switch kind {
	case "SHA1":
		h = crypto.SHA1.New()
	case "SHA512":
		h = sha512.New()
	default:
		h = sha256.New()
	}
	plain, err := rsa.DecryptOAEP(h, nil, private.(*rsa.PrivateKey), []byte(text), nil)
	return string(plain), err
}
