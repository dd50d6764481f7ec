//! Tokens of service accounts: signed ones, and those that a cluster is asked about.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

use base64_simd::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use sealant::external::Reference;
use sealant::secret::SecretText;
use sealant::store::StoreCause;
use sealant::store::vault::Login;
use serde_json::{Value, json};

use super::logins::start;
use super::{CANARY, address, json, one, settings, store, tell};
use crate::peers;

/// Signs, and says with what that can be checked.
struct Signer {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Signer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        Self { pair, random }
    }

    fn public(&self) -> String {
        // the head of a public key on P-256
        let head = [
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
            0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        ];
        let der = [&head[..], self.pair.public_key().as_ref()].concat();
        let text = base64_simd::STANDARD.encode_to_string(der);
        format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
    }

    fn token(&self, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode_to_string(value.to_string());
        let text = format!("{}.{}", part(&json!({"alg": "ES256", "typ": "JWT"})), part(claims));
        let signature = self.pair.sign(&self.random, text.as_bytes()).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode_to_string(signature))
    }
}

/// In seconds.
fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn signed_tokens() {
    let Some(program) = peers::locate_bao("signed_tokens") else { return };
    let bao = start(&program);
    let signer = Signer::new();
    tell(&bao, "POST", "sys/auth/jwt", &json!({"type": "jwt"}));
    tell(&bao, "POST", "auth/jwt/config", &json!({"jwt_validation_pubkeys": [signer.public()]}));
    let role = json!({"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"], "token_policies": "app"});
    tell(&bao, "POST", "auth/jwt/role/app", &role);
    let claims = |end: u64, audience: &str| json!({"sub": "a", "aud": audience, "iat": now() - 60, "exp": end});
    let login = |role: Option<&str>, token: String| {
        let role = role.map(str::to_owned);
        settings(&address(&bao), move || Login::Jwt {
            mount: "jwt".into(),
            role: role.clone(),
            jwt: SecretText::new(token.clone()),
        })
    };
    let good = signer.token(&claims(now() + 600, "vault"));
    assert_eq!(json(one(&store(login(Some("app"), good.clone())), Reference::value("a")))["k"], CANARY);
    for (role, token) in [
        (Some("app"), signer.token(&claims(now() - 600, "vault"))),
        (Some("app"), signer.token(&claims(now() + 600, "other"))),
        (Some("app"), Signer::new().token(&claims(now() + 600, "vault"))),
        (Some("none"), good.clone()),
        (None, good),
    ] {
        let error = one(&store(login(role, token.clone())), Reference::value("a")).unwrap_err();
        assert_eq!(error.cause, StoreCause::Login, "{error:?}");
        assert!(!format!("{error:?}").contains(&token), "{error:?}");
    }
}

/// A cluster that knows one thing: whose token it is.
fn cluster() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim_end().is_empty() {
                    break;
                }
                if let Some((name, value)) = line.split_once(':')
                    && name.eq_ignore_ascii_case("content-length")
                {
                    length = value.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let review: Value = serde_json::from_slice(&body).unwrap_or_default();
            let answer = json!({
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenReview",
                "status": {
                    "authenticated": true,
                    "audiences": review.pointer("/spec/audiences"),
                    "user": {
                        "username": "system:serviceaccount:ns1:sa1",
                        "uid": "11111111-2222-3333-4444-555555555555",
                        "groups": ["system:serviceaccounts"],
                    },
                },
            })
            .to_string();
            let head = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nConnection: close\r\n";
            let text = format!("{head}Content-Length: {}\r\n\r\n{answer}", answer.len());
            _ = stream.write_all(text.as_bytes());
        }
    });
    port
}

#[test]
fn service_accounts() {
    let Some(program) = peers::locate_bao("service_accounts") else { return };
    let bao = start(&program);
    let signer = Signer::new();
    tell(&bao, "POST", "sys/auth/k8s/one", &json!({"type": "kubernetes"}));
    tell(&bao, "POST", "sys/mounts/pki", &json!({"type": "pki"}));
    let authority = tell(&bao, "POST", "pki/root/generate/internal", &json!({"common_name": "cluster", "ttl": "1h"}));
    let config = json!({
        "kubernetes_ca_cert": authority.pointer("/data/certificate"),
        "kubernetes_host": format!("http://127.0.0.1:{}", cluster()),
        "token_reviewer_jwt": signer.token(&json!({"sub": "reviewer"})),
        "disable_local_ca_jwt": true,
    });
    tell(&bao, "POST", "auth/k8s/one/config", &config);
    for (role, account) in [("app", "sa1"), ("other", "sa2")] {
        let role_body = json!({
            "bound_service_account_names": account,
            "bound_service_account_namespaces": "ns1",
            "token_policies": "app",
        });
        tell(&bao, "POST", &format!("auth/k8s/one/role/{role}"), &role_body);
    }
    let account = json!({
        "namespace": "ns1",
        "serviceaccount": {"name": "sa1", "uid": "11111111-2222-3333-4444-555555555555"},
    });
    let claims = json!({
        "iss": "cluster",
        "sub": "system:serviceaccount:ns1:sa1",
        "aud": ["vault"],
        "iat": now() - 60,
        "exp": now() + 600,
        "kubernetes.io": account,
    });
    let token = signer.token(&claims);
    let login = |role: &str| {
        let (role, token) = (role.to_owned(), token.clone());
        settings(&address(&bao), move || Login::Kubernetes {
            mount: "k8s/one".into(),
            role: role.clone(),
            jwt: SecretText::new(token.clone()),
        })
    };
    assert_eq!(json(one(&store(login("app")), Reference::value("a")))["k"], CANARY);
    for role in ["other", "none"] {
        let error = one(&store(login(role)), Reference::value("a")).unwrap_err();
        assert_eq!(error.cause, StoreCause::Login, "{error:?}");
        assert!(!format!("{error:?}").contains(&token), "{error:?}");
    }
}
