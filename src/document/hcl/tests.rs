//! Tables, random documents, hostile ones.

use proptest::prelude::*;

use super::*;
use crate::document::outline::trial;

const SAMPLE: &str = r##"# head
region  = "eu-west-1" // why
/* block
   comment */
count /* odd */ = -3
ratio   = 1.50
big     = 123456789012345678901234567890
none    = null
on      = true
text    = "a\n\"b\" $${c} %%{d} \u00e9 $5 100%"
filled  = "x-${var.name}-${lookup(m, "k}\"")}"
call    = merge(local.a, { b = 1 }) # kept
cond    = a ? [1] : [
  2
]
heredoc = <<EOT
  one
two $${x}
  EOT
flush = <<-EOT
    one

      two
    EOT
tmpl = <<EOT
a ${b}
EOT
list = [1, "two", # c
  [true, {}], <<EE
x
EE
  ,
]
object = {
  a = 1, # one
  "b c" : "x"
  9 = [ { d = "e" }, ] // last
}
inline = { a = "b", c = "d" }
forall = { for k, v in m : k => v }
keyed = { (var.k) = 1 }

resource "aws_x" "y" {
  name = "n"
  ingress {
    port = 1
  }
  # between
  ingress { port = 2 }
  empty {}
}
locals { a = "b" }
resource "aws_x" "z" {
}"##;

fn parse(text: &str) -> Hcl {
    Hcl::parse(text.into()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn the_sample_does_everything() {
    for text in [SAMPLE.to_owned(), SAMPLE.replace('\n', "\r\n"), format!("\u{FEFF}{SAMPLE}\n")] {
        let hcl = parse(&text);
        trial::check(&hcl);
        trial::check_changes(&hcl, 90);
    }
}

#[test]
fn paths_go_through_types_and_labels() {
    let hcl = parse(SAMPLE);
    let found: Vec<String> = trial::leaves(&hcl).into_iter().map(|(_, path)| path.to_string()).collect();
    for path in [
        "list[2][0]",
        "list[3]",
        "object.\"b c\"",
        "object.9[0].d",
        "forall",
        "keyed",
        "resource.aws_x.y.name",
        "resource.aws_x.y.ingress[0].port",
        "resource.aws_x.y.ingress[1].port",
        "locals.a",
    ] {
        assert!(found.iter().any(|found| found == path), "{path} {found:?}");
    }
}

#[test]
fn values_have_the_type_that_hcl_gives_them() {
    for (text, wanted) in [
        ("1", Value::Int(1)),
        ("-1", Value::Int(-1)),
        ("1e3", Value::Float(1000.0)),
        ("0.10", Value::Float(0.1)),
        ("true", Value::Bool(true)),
        ("null", Value::Null),
        ("\"a\\tb\\U0001f600\"", Value::Str("a\tb😀".into())),
        ("\"$${a} $$ $ %%{b}\"", Value::Str("${a} $$ $ %{b}".into())),
        ("\"\"", Value::Str("".into())),
        ("<<EOT\na\n b\n  EOT", Value::Str("a\n b\n".into())),
        ("<<-EOT\n    a\n\n     b\n   EOT", Value::Str("a\n\n b\n".into())),
        ("<<EOT\nEOT", Value::Str("".into())),
    ] {
        let hcl = parse(&format!("k = {text}\n"));
        assert_eq!((hcl.value(0), hcl.not_a_value(0)), (wanted, None), "{text}");
    }
}

#[test]
fn what_is_calculated_is_no_value() {
    for text in [
        "\"${a}\"",
        "\"%{ if a }b%{ endif }\"",
        "<<E\n${a}\nE",
        "<<E\n$$${a}\nE",
        "a.b",
        "f(1)",
        "1 + 2",
        "-a",
        "- 1",
        "!true",
        "[1][0]",
        "[for x in y : x]",
        "{ for k, v in y : k => v }",
        "{ (a) = 1 }",
        "{ \"${a}\" = 1 }",
        "a ? b : c",
        "(1)",
        "9223372036854775808",
        "0.1234567890123456789",
        "1e400",
    ] {
        let hcl = parse(&format!("k = {text} # c\nl = 1\n").replace("E # c", "E"));
        assert!(hcl.not_a_value(0).is_some(), "{text}");
        assert_eq!(hcl.value(0), Value::Str(text.into()));
        assert_eq!(hcl.value(1), Value::Int(1));
    }
}

#[test]
fn comments_stand_before_the_value_whose_line_they_end() {
    for (text, wanted) in [
        ("a = 1 # x\nb = 2", ["x", "a", "b"].as_slice()),
        ("# w\na = 1 /*x*/ // y\n# z\nb = 2 # v\n# end", &["w", "x", "y", "a", "z", "v", "b", "end"]),
        ("a = 1 /*x\n*/ /*y*/\nb = 2", &["x\n", "y", "a", "b"]),
        ("a = f(\n1) # x\nb = 2", &["x", "a", "b"]),
        ("a = <<E\n\nE\n# x\nb = 2", &["a", "x", "b"]),
        (
            "a = [ # w\n1, # x\n[2, 3], # y\n4 # z\n] # v\nb = 5",
            &["w", "v", "a", "x", "1", "y", "2", "3", "z", "4", "b"],
        ),
        ("a = [1 /*x*/, 2, /*y*/ 3, /*z*/ ]", &["a", "x", "1", "2", "y", "z", "3"]),
        ("a = [1, [ # x\n2]]", &["a", "1", "x", "2"]),
        ("a = { b = 1, # x\nc = 2 # y\nd = /*z*/ 3, e /*v*/ = 4 }", &["a", "x", "b", "y", "c", "z", "d", "v", "e"]),
        ("a = { b = 1 } # x\nc { # y\nb = 2 # z\n} # v\nd = 3", &["x", "a", "b", "y", "v", "c", "z", "b", "d"]),
        ("c \"l\" /*w*/ { b = 1 } # x\nd {} # y\nd {} # z\n", &["c", "w", "x", "l", "b", "d", "y", "z"]),
    ] {
        assert_eq!(trial::order(&parse(text)), wanted, "{text}");
        trial::check(&parse(text));
    }
}

#[test]
fn comments_above_and_behind_a_header_or_bracket_belong_to_all_of_it() {
    for (text, wanted) in [
        ("a = [ # x\n1, 2]", ["x", "a", "1", "2"].as_slice()),
        ("a = [ /*x*/ // y\n1, 2]", &["x", "y", "a", "1", "2"]),
        ("a = [ /*x*/ 1, [ /*y*/ ] ]", &["a", "x", "1", "y"]),
        ("a = { # x\n# y\nb = 1\n}", &["x", "a", "y", "b"]),
        ("a = { /*x*/ b = 1 }", &["a", "x", "b"]),
        ("# x\n\n# y\nt {\n # z\n b = 2\n}", &["x", "y", "t", "z", "b"]),
        ("t { # x\n# y\n}\nt { /*z*/ b = 1 }", &["t", "x", "y", "z", "b"]),
        ("r \"a\" \"b\" {}\nc = 1\n# x\nr \"a\" /*y*/ \"d\" {}\ne = 2", &["r", "a", "b", "x", "y", "d", "c", "e"]),
        ("r {}\nc = 1\n# x\nr {\n}\ne = 2", &["r", "x", "c", "e"]),
        ("# x\nsops = { # y\n mac = [ # z\n]\n} # v", &["x", "v"]),
        ("# x\nsops { # y\n}", &["x"]),
    ] {
        assert_eq!(trial::order(&parse(text)), wanted, "{text}");
        trial::check(&parse(text));
    }
}

#[test]
fn keys_inside_expressions_are_found() {
    for (text, wanted) in [
        ("{ p = 1, (var.k) = 2 }", ["p"].as_slice()),
        ("{ p = 1, \"${var.k}\" = 2 }", &["p"]),
        ("{ p = 1, a.b = 2 }", &["p"]),
        ("{ for k, v in x : k => { p = 1 } }", &["p"]),
        ("{ for k in x : \"p\" => 1 }", &["p"]),
        ("({ p = 1 })", &["p"]),
        ("{ p = 1 }.p", &["p"]),
        ("merge({p=1}, x)", &["p"]),
        ("c ? {p : 1} : {}", &["p"]),
        ("f([{ a = [ { \"p\\u0071\" : { 5 = 1 } } ] }])", &["5", "a", "pq"]),
        ("f({\n a = 1 // c\n /* d */ p = 1\n})", &["a", "p"]),
        ("f({ (\"p\") = 1, ((\"q\")) = 2 })", &["p", "q"]),
        ("\"a = ${f({ p = \"${g({ q = 1 })}\" })} b = $${ c = {d = 1}\"", &["p", "q"]),
        ("\"%{ if f({p = 1}) ~}x%{ endif }\"", &["p"]),
        ("f({ p = <<E\nc = ${g({ q = \"}\", r = 1 })}\nE\n})", &["p", "q", "r"]),
        ("<<E\n${~ f({ p = 1 }) }\nE", &["p"]),
        ("<<E\n$$${f({ p = 1 })}\nE", &["p"]),
        // None of these is the key of an object.
        ("f(x) == p", &[]),
        ("c ? p : q", &[]),
        ("f({ a = (c ? p : q), b = c ? p : q })", &["a", "b"]),
        ("\"p = ${x}, { p = 1 }\"", &[]),
        ("<<E\np = 1\n${x} { p = 1 }\nE", &[]),
        ("x[\"p\"]", &[]),
        ("[for p in x : p]", &[]),
        ("{ for p, q in x : p => q if p == q }", &[]),
        ("\"{ p = 1 }\"", &[]),
        ("{ p = 1 }", &[]),
    ] {
        let mut found = parse(&format!("k = {text}\n")).hidden_keys(0);
        found.sort();
        assert_eq!(found, wanted, "{text}");
    }
}

#[test]
fn what_hcl_forbids_is_refused() {
    for text in [
        "a = 1\na = 2",
        "a",
        "a =",
        "a = \n1",
        "= 1",
        "a = 1 b = 2",
        "a = [1 2]",
        "a = { b = 1 c = 2 }",
        "a = { b = 1, b = 2 }",
        "a = \"x",
        "a = \"x\ny\"",
        "a = \"\\z\"",
        "a = <<E\nx",
        "a = <<E x\nE",
        "a = [",
        "a = ]",
        "a = (1]",
        "/* a",
        "a {",
        "a }",
        "a { b = 1 } c = 2",
        "a = 1\na { }",
        "a \"b\" { }\na { }",
        "a = 1\rb = 2",
        "\"a\" = 1",
        "a = @",
        "a = \"$$${b}\"",
        "a \"${b}\" {}",
        "a.b = 1",
    ] {
        assert!(Hcl::parse(text.into()).is_err(), "{text}");
    }
}

#[test]
fn setting_keeps_to_the_style_around() {
    for (text, path, wanted) in [
        ("", "a", "a = \"1\"\n"),
        ("a = 2 # c\n", "a", "a = \"1\" # c\n"),
        ("a = <<E\nx\nE\n", "a", "a = \"1\"\n"),
        ("a = 2 # c\n# d", "b", "a = 2 # c\nb = \"1\"\n# d"),
        ("a = 2", "b.c", "a = 2\nb = { c = \"1\" }"),
        ("a = { }\n", "a.b", "a = { b = \"1\" }\n"),
        ("a = { b = 2 }\n", "a.c", "a = { b = 2, c = \"1\" }\n"),
        ("a = {\n  b = 2 # c\n}\n", "a.\"c d\"", "a = {\n  b = 2 # c\n  \"c d\" = \"1\"\n}\n"),
        ("a = {\n  b = 2, # c\n}\n", "a.d", "a = {\n  b = 2, # c\n  d = \"1\",\n}\n"),
        ("a = [1]\n", "a[1]", "a = [1, \"1\"]\n"),
        ("a = [\n  1,\n]\n", "a[1]", "a = [\n  1,\n  \"1\",\n]\n"),
        ("b \"l\" {\n  a = 1\n}\n", "b.l.c", "b \"l\" {\n  a = 1\n  c = \"1\"\n}\n"),
        ("b \"l\" {\n}\n", "b.l.c", "b \"l\" {\n  c = \"1\"\n}\n"),
        ("b {}\n", "b.c", "b { c = \"1\" }\n"),
        ("b {\n}\n\nsops = {\n}\n", "c", "b {\n}\nc = \"1\"\n\nsops = {\n}\n"),
    ] {
        let hcl = parse(text);
        let change = hcl.set(&path.parse().unwrap(), &Node::text("1")).unwrap_or_else(|error| panic!("{error} {text}"));
        assert_eq!(trial::apply(&hcl, &change).text(), wanted);
    }
    let hcl = parse("b \"l\" {\n}\nc = 1\nd {}\nd {}\n");
    for path in ["b", "b.m", "b.m.x", "c.d", "\"e f\"", "d[2]", "d[3]", "sops.mac", "l[1]"] {
        assert!(hcl.set(&path.parse().unwrap(), &Node::text("v")).is_err(), "{path}");
    }
}

#[test]
fn removing_takes_the_whole_of_it() {
    for (text, path, wanted) in [
        ("a = 1 # c\n# d\nb = 2\n", "a", "# d\nb = 2\n"),
        ("a = { b = 1, c = 2 }\n", "a.b", "a = { c = 2 }\n"),
        ("a = { b = 1, c = 2 }\n", "a.c", "a = { b = 1 }\n"),
        ("a = {\n  b = 1\n  c = 2 # x\n}\n", "a.c", "a = {\n  b = 1\n}\n"),
        ("a = [1, 2, 3]\n", "a[1]", "a = [1, 3]\n"),
        ("a = 1\n\nb \"c\" {\n  d = 1\n}\n", "b", "a = 1\n"),
        ("b {\n d = 1\n}\nb {\n d = 2\n}\nb {\n}\n", "b[1]", "b {\n d = 1\n}\nb {\n}\n"),
        ("b { d = 1 }\n", "b.d", "b {  }\n"),
    ] {
        let hcl = parse(text);
        let change = hcl.unset(&path.parse().unwrap()).unwrap_or_else(|error| panic!("{error} {text}"));
        assert_eq!(trial::apply(&hcl, &change).text(), wanted);
    }
    // The other one would no longer be an item of a list.
    assert!(parse("b {\n d = 1\n}\nb {\n d = 2\n}\n").unset(&"b[1]".parse().unwrap()).is_err());
}

#[test]
fn hostile_texts_are_answered() {
    trial::check_hostile(SAMPLE, |text| Ok(Box::new(Hcl::parse(text)?)));
    let mut dollars = String::new();
    literal::quoted(&format!("{}{{", "$".repeat(2_000_000)), &mut dollars);
    assert!(Hcl::parse(format!("a = {dollars}\nb = \"{}\"\n", "$".repeat(2_000_000))).is_ok());
    let deep = format!("a = \"{}{}\"", "${\"".repeat(100_000), "\"}".repeat(100_000));
    assert!(Hcl::parse(deep).is_err());
    let many: String = (0..50_000).map(|at| format!("b \"x{}\" {{\n k = [1, {{ a = 2 }}]\n}}\n", at / 2)).collect();
    assert_eq!(trial::leaves(&parse(&many)).len(), 100_000);
}

fn any_value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        trial::odd_text().prop_map(|text| {
            let mut out = String::new();
            literal::quoted(&text, &mut out);
            out
        }),
        trial::odd_text().prop_map(|text| format!("<<E_\n{}\n  E_\n", text.replace('\r', ""))),
        trial::odd_text().prop_map(|text| format!("<<-E_\n  {}\n  E_\n", text.replace('\r', ""))),
        prop::sample::select(vec!["1", "-1.50", "true", "null", "a.b", "f(x, \"}\")", "\"${a}\"", "(\n1\n)", "1e3"])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let items = prop::collection::vec(inner, 0..4);
        prop_oneof![
            (items.clone(), any::<bool>()).prop_map(|(items, lines)| {
                let join = if lines { ", // c\n  " } else { " , " };
                format!("[{}{}{}]", if lines { "\n  " } else { "" }, items.join(join), if lines { "\n" } else { "" })
            }),
            (items, any::<[bool; 2]>()).prop_map(|(items, [lines, colon])| {
                let sign = if colon { ":" } else { " = " };
                let entries = items.iter().enumerate().map(|(at, item)| {
                    let item = item.trim_end();
                    let heredoc = item.starts_with("<<") || item.ends_with("E_");
                    let end = if lines || heredoc { " # c\n" } else { ", " };
                    let end = if heredoc { "\n" } else { end };
                    format!(" k{at}{sign}{item}{end}")
                });
                format!("{{{}{}}}", if lines { "\n" } else { "" }, entries.collect::<String>())
            }),
        ]
    })
}

fn any_document() -> impl Strategy<Value = String> {
    let lines = prop::collection::vec((0..8, any_value(), trial::odd_text()), 0..10);
    (lines, any::<[bool; 3]>()).prop_map(|(lines, [bom, crlf, open])| {
        let mut out = String::new();
        for (at, (kind, value, text)) in lines.into_iter().enumerate() {
            let comment: String = text.chars().filter(|c| !c.is_control()).collect();
            let value = value.trim_end();
            out.push_str(&match kind {
                0 => format!("b \"l\" {{\n\ta = {value}\n}}\n"),
                1 => format!("# {comment}\n\n"),
                2 => format!("/*{comment}*/ // {comment}\n"),
                3 => "b \"l\" {}\n".to_owned(),
                _ if value.ends_with("E_") => format!("k{at} ={value}\n"),
                _ => format!(" k{at}\t= {value} #{comment}\n"),
            });
        }
        if open {
            out.pop();
        }
        let out = if crlf { out.replace('\n', "\r\n") } else { out };
        format!("{}{out}", if bom { "\u{FEFF}" } else { "" })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn random_documents(text in any_document()) {
        let hcl = parse(&text);
        trial::check(&hcl);
        trial::check_changes(&hcl, 0);
    }

    #[test]
    fn random_texts(text in "[ab=,\\[\\]{}\"$%\\n# 1:/*]{0,24}") {
        if let Ok(hcl) = Hcl::parse(text) {
            trial::check(&hcl);
            trial::check_changes(&hcl, 0);
        }
    }
}
