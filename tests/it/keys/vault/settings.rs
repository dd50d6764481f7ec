//! Tokens, namespaces, certificates and the allowlist: what the environment says.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{PLAIN, fails, good, make, rules, start, uri};
use crate::peers;
use crate::vault::bao::{Bao, ROOT};
use crate::vault::{Ended, World, sealant};

fn world(key: &str) -> World {
    let world = World::bare(&rules(key));
    fs::write(world.root.join("f.yaml"), PLAIN).unwrap();
    world
}

fn encrypt(world: &World) -> Ended {
    world.run(&sealant(), &["encrypt", "f.yaml"], "")
}

#[test]
fn tokens_are_where_the_vault_program_puts_them() {
    let test = "tokens_are_where_the_vault_program_puts_them";
    let Some(program) = peers::locate_bao(test) else {
        return;
    };
    let bao = start(&program);
    make(&bao, "transit/keys/k");
    let login = format!("hint: log in with: vault login -address=http://127.0.0.1:{} (or: bao login", bao.port);
    let mut world = world(&uri(&bao, "transit", "k"));
    fails(&encrypt(&world), 1, &["there is no token for Vault: neither VAULT_TOKEN nor ~/.vault-token", &login]);
    fs::write(world.home().join(".vault-token"), format!("{ROOT}\n")).unwrap();
    let ended = encrypt(&world);
    good("at home", &ended);
    fs::write(world.root.join("f.yaml"), ended.stdout).unwrap();
    // the variable comes first, as in sops
    world.set("VAULT_TOKEN", "canary-token");
    let words = ["does not know the token: it has expired, was revoked, or is for another Vault", login.as_str()];
    fails(&world.run(&sealant(), &["decrypt", "f.yaml"], ""), 128, &words);
    world.set("VAULT_TOKEN", "canary-token\u{e9}");
    fails(&world.run(&sealant(), &["decrypt", "f.yaml"], ""), 128, &["has characters that no token has", &login]);
    world.set("VAULT_TOKEN", ROOT);
    assert_eq!(bao.ask("PUT", "sys/seal", "").0, 204);
    world.set("VAULT_MAX_RETRIES", "0");
    fails(&world.run(&sealant(), &["decrypt", "f.yaml"], ""), 128, &["is sealed", "vault operator unseal"]);
}

#[test]
fn namespaces_are_those_of_the_environment() {
    let test = "namespaces_are_those_of_the_environment";
    let (Some(peers), Some(program)) = (peers::locate(test), peers::locate_bao(test)) else {
        return;
    };
    let bao = start(&program);
    assert_eq!(bao.ask("PUT", "sys/namespaces/unit", "").0, 200);
    assert_eq!(bao.ask("POST", "unit/sys/mounts/transit", r#"{"type":"transit"}"#).0, 204);
    make(&bao, "unit/transit/keys/k");
    let mut world = world(&uri(&bao, "transit", "k")).with("VAULT_TOKEN", ROOT).with("VAULT_NAMESPACE", "unit");
    let (ours, sops) = (sealant(), peers.sops);
    for (writer, reader) in [(&ours, &sops), (&sops, &ours)] {
        let ended = world.run(writer, &["encrypt", "f.yaml"], "");
        good("encrypt", &ended);
        fs::write(world.root.join("g.yaml"), ended.stdout).unwrap();
        let ended = world.run(reader, &["decrypt", "g.yaml"], "");
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), PLAIN), "{ended:?}");
    }
    world.set("VAULT_NAMESPACE", "nobody");
    fails(&world.run(&ours, &["decrypt", "g.yaml"], ""), 128, &["has no such namespace", "VAULT_NAMESPACE"]);
    world.set("VAULT_NAMESPACE", "");
    fails(&world.run(&ours, &["decrypt", "g.yaml"], ""), 128, &["there is no key k in transit"]);
}

/// Runs OpenBao's own client against a server with TLS.
fn client(program: &Path, bao: &Bao, arguments: &[&str]) {
    let status = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("BAO_ADDR", format!("https://127.0.0.1:{}", bao.port))
        .env("BAO_CACERT", bao.authority())
        .env("BAO_TOKEN", ROOT)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{arguments:?}");
}

#[test]
fn certificates_are_checked() {
    let test = "certificates_are_checked";
    let (Some(peers), Some(program)) = (peers::locate(test), peers::locate_bao(test)) else {
        return;
    };
    let bao = Bao::start_tls(&program);
    client(&program, &bao, &["secrets", "enable", "transit"]);
    client(&program, &bao, &["write", "-f", "transit/keys/k"]);
    let key = format!("https://127.0.0.1:{}/v1/transit/keys/k", bao.port);
    let world = || world(&key).with("VAULT_TOKEN", ROOT).with("VAULT_MAX_RETRIES", "0");
    let authority = bao.authority();
    let authority = authority.to_str().unwrap();
    let trusting = world().with("VAULT_CACERT", authority);
    let ended = encrypt(&trusting);
    good("VAULT_CACERT", &ended);
    fs::write(trusting.root.join("g.yaml"), &ended.stdout).unwrap();
    let theirs = trusting.run(&peers.sops, &["decrypt", "g.yaml"], "");
    assert_eq!((theirs.code, theirs.stdout.as_str()), (Some(0), PLAIN), "{theirs:?}");
    let folder = trusting.root.join("authorities");
    fs::create_dir(&folder).unwrap();
    fs::copy(authority, folder.join("ca.pem")).unwrap();
    good("VAULT_CAPATH", &encrypt(&world().with("VAULT_CAPATH", folder.to_str().unwrap())));
    let named = |name: &str| encrypt(&world().with("VAULT_CACERT", authority).with("VAULT_TLS_SERVER_NAME", name));
    good("VAULT_TLS_SERVER_NAME", &named("localhost"));
    fails(&named("vault.example"), 1, &["cannot be trusted"]);
    fails(&encrypt(&world()), 1, &["cannot be trusted", "hint: if the certificate is from an authority of your own"]);
    let ended = encrypt(&world().with("VAULT_SKIP_VERIFY", "true"));
    good("VAULT_SKIP_VERIFY", &ended);
    assert!(ended.stderr.contains("warning: VAULT_SKIP_VERIFY"), "{ended:?}");
    let missing = world().with("VAULT_CACERT", "/nowhere/ca.pem");
    fails(&encrypt(&missing), 1, &["/nowhere/ca.pem"]);
}

#[test]
fn no_token_goes_where_it_is_not_allowed() {
    let test = "no_token_goes_where_it_is_not_allowed";
    let (Some(peers), Some(program)) = (peers::locate(test), peers::locate_bao(test)) else {
        return;
    };
    let bao = start(&program);
    make(&bao, "transit/keys/k");
    let address = format!("http://127.0.0.1:{}", bao.port);
    let mut world = world(&uri(&bao, "transit", "k")).with("VAULT_TOKEN", ROOT);
    let longer = format!("{address}0");
    let several = format!("https://a, {address}/ ");
    for (list, allowed) in [
        ("all", true),
        ("", true),
        ("none", false),
        (address.as_str(), true),
        (&longer, false),
        (&several, true),
        ("a,", false),
    ] {
        world.set("SOPS_HC_VAULT_ALLOWLIST", list);
        for program in [&peers.sops, &sealant()] {
            let ended = world.run(program, &["encrypt", "f.yaml"], "");
            assert_eq!(ended.code, Some(if allowed { 0 } else { 1 }), "{list}: {ended:?}");
            let said = match list {
                _ if allowed => "",
                "a," => "SOPS_HC_VAULT_ALLOWLIST's entry 2 is empty",
                _ => "Allowlist does not allow http://127.0.0.1:",
            };
            assert!(ended.stderr.contains(said), "{list}: {ended:?}");
        }
    }
}
