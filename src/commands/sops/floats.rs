//! Floats that read as integers: sops stores `2.0` as a float and prints it as `2`, which in another format, or on its own,
//! would be printed as an integer (3.13.2 `cmd/sops/decrypt.go` converts the tree, not its text). Pure.

use crate::document::tree::{Kind, Node};

/// How a ciphertext of a float ends.
const FLOAT: &str = ",type:float]";

/// Turns the integers of `plain` into floats where the file, as a tree, holds floats.
pub fn restore(plain: &mut Node, encrypted: &Node) {
    match (&mut plain.kind, &encrypted.kind) {
        (Kind::Map(entries), Kind::Map(others)) => {
            for (at, (key, node)) in entries.iter_mut().enumerate() {
                let beside = others.get(at).filter(|(other, _)| other.name == key.name).map(|(_, other)| other);
                if let Some(other) = beside.or_else(|| encrypted.get(&key.name)) {
                    restore(node, other);
                }
            }
        }
        (Kind::List(items), Kind::List(others)) if items.len() == others.len() => {
            items.iter_mut().zip(others).for_each(|(item, other)| restore(item, other));
        }
        (Kind::Int(number), Kind::Str(text)) if text.ends_with(FLOAT) => {
            // below 2^63 such a float has been written as an integer, digit by digit
            let float = *number as f64;
            plain.kind = Kind::Float(float);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::yaml::Document;

    fn tree(text: &str) -> Node {
        let document = Document::parse(text.to_owned()).unwrap();
        document.tree(document.root(0)).unwrap()
    }

    #[test]
    fn integers_that_were_floats() {
        let mut plain = tree("a: 1\nb: 1\nm: {l: [2, 2]}\nn: [3]\ns: x\n");
        let encrypted = tree(
            "b: ENC[AES256_GCM,type:int]\na: ENC[AES256_GCM,type:float]\n\
             m: {l: ['ENC[,type:int]', 'ENC[,type:float]']}\nn: ['ENC[,type:float]', 'ENC[,type:float]']\n\
             s: ENC[AES256_GCM,type:float]\n",
        );
        restore(&mut plain, &encrypted);
        let kind = |name: &str| plain.get(name).unwrap().kind.clone();
        assert!(kind("a") == Kind::Float(1.0) && kind("b") == Kind::Int(1) && kind("s") == Kind::Str("x".into()));
        let Some(Kind::List(items)) = plain.get("m").and_then(|m| m.get("l")).map(|l| l.kind.clone()) else { panic!() };
        assert!(items[0].kind == Kind::Int(2) && items[1].kind == Kind::Float(2.0));
        // a list of another length is another list
        assert!(matches!(kind("n"), Kind::List(items) if items.len() == 1 && items[0].kind == Kind::Int(3)));
    }
}
