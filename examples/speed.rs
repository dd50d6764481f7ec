//! Throw-away.
use sealant::document::yaml::Document;
use sealant::sops::file::*;
use sealant::sops::key::*;
use sealant::sops::selector::Selection;
fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    let s = Settings {
        selection: Selection::Default,
        mac_only_encrypted: false,
        allow_empty: false,
        allow_unrepresentable: false,
        groups: vec![KeyGroup(vec![WrappedKey {
            key: MasterKey::Age { recipient: "age1x".into() },
            enc: "x".into(),
            created_at: None,
        }])],
        shamir_threshold: 0,
        version: "3.13.2".into(),
        now: "2026-11-22T20:49:18Z".into(),
        unknown: vec![],
    };
    let key = DataKey::generate().unwrap();
    for _ in 0..1 {
        let t = std::time::Instant::now();
        let d = Document::parse(text.clone()).unwrap();
        let a = t.elapsed();
        let e = encrypt(&d, &key, &s, None).unwrap();
        let b = t.elapsed();
        let d2 = Document::parse(e.text).unwrap();
        let c = t.elapsed();
        let f = EncryptedFile::from_document(d2).unwrap();
        let m = t.elapsed();
        let p = f.decrypt(&key, false).unwrap();
        println!(
            "parse {a:?} encrypt+verify {:?} | parse {:?} meta {:?} decrypt {:?} {}",
            b - a,
            c - b,
            m - c,
            t.elapsed() - m,
            p.values
        );
    }
    let st = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", st.lines().find(|l| l.starts_with("VmHWM")).unwrap());
}
