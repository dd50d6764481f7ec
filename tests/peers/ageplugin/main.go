// Command age-plugin-sealanttest is an age plugin for tests: its recipients and identities hold the same bytes, and what it
// wraps is hidden by their hash only. It is no encryption.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"

	"flag"

	"filippo.io/age"
	"filippo.io/age/plugin"
)

type key []byte

func (k key) hide(fileKey []byte) []byte {
	hash := sha256.Sum256(k)
	out := bytes.Clone(fileKey)
	for i := range out {
		out[i] ^= hash[i%len(hash)]
	}
	return out
}

func (k key) tag() string {
	hash := sha256.Sum256(append([]byte("tag"), k...))
	return hex.EncodeToString(hash[:4])
}

// Wrap is age.Recipient.
func (k key) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	return []*age.Stanza{{Type: "sealanttest", Args: []string{k.tag()}, Body: k.hide(fileKey)}}, nil
}

// Unwrap is age.Identity.
func (k key) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, s := range stanzas {
		if s.Type == "sealanttest" && len(s.Args) == 1 && s.Args[0] == k.tag() {
			return k.hide(s.Body), nil
		}
	}
	return nil, age.ErrIncorrectIdentity
}

func main() {
	p, err := plugin.New("sealanttest")
	if err != nil {
		panic(err)
	}
	p.RegisterFlags(nil)
	generate := flag.String("generate", "", "print a recipient and an identity that hold this text")
	flag.Parse()
	if *generate != "" {
		os.Stdout.WriteString(plugin.EncodeRecipient("sealanttest", []byte(*generate)) + "\n")
		os.Stdout.WriteString(plugin.EncodeIdentity("sealanttest", []byte(*generate)) + "\n")
		return
	}
	parse := func(data []byte) (key, error) {
		if len(data) == 0 {
			return nil, errors.New("an empty key")
		}
		return key(data), nil
	}
	p.HandleRecipient(func(data []byte) (age.Recipient, error) { return parse(data) })
	p.HandleIdentity(func(data []byte) (age.Identity, error) { return parse(data) })
	os.Exit(p.Main())
}
