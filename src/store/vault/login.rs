//! The requests that log in, and what comes back. Pure.

use base64_simd::STANDARD;
use serde::Serialize;
use zeroize::Zeroizing;

use super::raw;
use super::settings::Login;
use crate::secret::SecretText;

/// A request that logs in.
pub(super) struct Request<'a> {
    pub(super) path: String,
    pub(super) body: Zeroizing<Vec<u8>>,
    /// What no message may repeat.
    pub(super) hidden: Vec<&'a str>,
}

/// What a login or a renewal gives.
pub(super) struct Granted {
    pub(super) token: SecretText,
    /// In seconds; 0 is for ever.
    pub(super) life: u64,
    pub(super) renewable: bool,
}

/// The request for `login`; `None` for those that need none.
pub(super) fn request(login: &Login) -> Option<Request<'_>> {
    let at = |mount: &str| format!("auth/{}/login", mount.trim_matches('/'));
    Some(match login {
        Login::Token(_) | Login::None => return None,
        Login::AppRole { mount, role_id, secret_id } => {
            let (role, secret) = (role_id.expose().trim(), secret_id.expose());
            let body = body(&[("role_id", role), ("secret_id", secret)]);
            Request { path: at(mount), body, hidden: vec![role, secret] }
        }
        Login::Kubernetes { mount, role, jwt } => {
            let body = body(&[("role", role), ("jwt", jwt.expose())]);
            Request { path: at(mount), body, hidden: vec![jwt.expose()] }
        }
        Login::Jwt { mount, role, jwt } => {
            let role = role.as_deref().unwrap_or_default();
            let body = body(&[("role", role), ("jwt", jwt.expose())]);
            Request { path: at(mount), body, hidden: vec![jwt.expose()] }
        }
        Login::Ldap { mount, username, password } | Login::UserPass { mount, username, password } => {
            let path = format!("{}/{}", at(mount), username.trim());
            Request { path, body: body(&[("password", password.expose())]), hidden: vec![password.expose()] }
        }
        Login::Cert { mount, name } => {
            let name = name.as_deref().map(|name| ("name", name));
            Request { path: at(mount), body: body(name.as_slice()), hidden: Vec::new() }
        }
        Login::Iam { mount, role, url, body: signed, headers } => {
            let encoded = |bytes: &[u8]| Zeroizing::new(STANDARD.encode_to_string(bytes));
            let (url, signed, headers) = (encoded(url.as_bytes()), encoded(signed.expose()), encoded(headers.expose()));
            let fields = [
                ("role", role.as_str()),
                ("iam_http_request_method", "POST"),
                ("iam_request_url", &url),
                ("iam_request_body", &signed),
                ("iam_request_headers", &headers),
            ];
            Request { path: at(mount), body: body(&fields), hidden: Vec::new() }
        }
    })
}

/// What the answer to a login grants.
pub(super) fn granted(answer: &[u8]) -> Option<Granted> {
    let auth = raw::entry(raw::text(answer)?, "auth")?;
    let token = raw::unquoted(raw::entry(auth, "client_token")?)?;
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    Some(Granted {
        token: SecretText::new(token.into_owned()),
        life: raw::entry(auth, "lease_duration").and_then(|text| text.parse().ok()).unwrap_or(0),
        renewable: raw::entry(auth, "renewable") == Some("true"),
    })
}

/// An object of texts, in memory that is wiped.
pub(super) fn body(fields: &[(&str, &str)]) -> Zeroizing<Vec<u8>> {
    struct Fields<'a>(&'a [(&'a str, &'a str)]);
    impl Serialize for Fields<'_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().copied())
        }
    }
    // every byte may become six; growing would leave what was written so far in freed memory
    let room: usize = fields.iter().map(|(name, value)| 6 * (name.len() + value.len()) + 6).sum();
    let mut body = Zeroizing::new(Vec::with_capacity(room + 2));
    let written = serde_json::to_writer(&mut *body, &Fields(fields));
    debug_assert!(written.is_ok(), "texts are always JSON, and memory takes them");
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SecretBytes;

    fn text(text: &str) -> SecretText {
        SecretText::new(text.into())
    }

    #[test]
    fn requests() {
        let mount = |name: &str| name.to_owned();
        let iam = Login::Iam {
            mount: mount("aws"),
            role: "r".into(),
            url: "https://sts.amazonaws.com/".into(),
            body: SecretBytes::new(b"Action=GetCallerIdentity".to_vec()),
            headers: SecretBytes::new(b"{}".to_vec()),
        };
        for (login, path, body) in [
            (
                Login::AppRole { mount: mount("/approle/"), role_id: text(" id\n"), secret_id: text("s\"x") },
                "auth/approle/login",
                r#"{"role_id":"id","secret_id":"s\"x"}"#,
            ),
            (
                Login::Kubernetes { mount: mount("k8s/one"), role: "app".into(), jwt: text("j") },
                "auth/k8s/one/login",
                r#"{"role":"app","jwt":"j"}"#,
            ),
            (
                Login::Jwt { mount: mount("jwt"), role: None, jwt: text("j") },
                "auth/jwt/login",
                r#"{"role":"","jwt":"j"}"#,
            ),
            (
                Login::Ldap { mount: mount("ldap"), username: " bob ".into(), password: text("p") },
                "auth/ldap/login/bob",
                r#"{"password":"p"}"#,
            ),
            (
                Login::UserPass { mount: mount("userpass"), username: "bob".into(), password: text("p") },
                "auth/userpass/login/bob",
                r#"{"password":"p"}"#,
            ),
            (Login::Cert { mount: mount("cert"), name: Some("web".into()) }, "auth/cert/login", r#"{"name":"web"}"#),
            (Login::Cert { mount: mount("cert"), name: None }, "auth/cert/login", "{}"),
            (
                iam,
                "auth/aws/login",
                r#"{"role":"r","iam_http_request_method":"POST","iam_request_url":"aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8=","iam_request_body":"QWN0aW9uPUdldENhbGxlcklkZW50aXR5","iam_request_headers":"e30="}"#,
            ),
        ] {
            let request = request(&login).unwrap();
            assert_eq!((request.path.as_str(), std::str::from_utf8(&request.body).unwrap()), (path, body));
            assert!(!format!("{login:?}").contains("s\"x"));
        }
        assert!(request(&Login::None).is_none() && request(&Login::Token(text("t"))).is_none());
    }

    #[test]
    fn answers() {
        let answer = br#"{"auth":{"client_token":"s.x","lease_duration":1200,"renewable":true}}"#;
        let found = granted(answer).unwrap();
        assert_eq!((found.token.expose(), found.life, found.renewable), ("s.x", 1200, true));
        for answer in [
            r#"{"auth":null}"#,
            r#"{"auth":{"client_token":"","mfa_requirement":{}}}"#,
            r#"{"auth":{"client_token":"a b"}}"#,
            "{}",
            "x",
        ] {
            assert!(granted(answer.as_bytes()).is_none(), "{answer}");
        }
    }
}
