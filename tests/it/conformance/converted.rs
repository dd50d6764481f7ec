//! Documents with comments in every place, and with every kind of float: what becomes of them in another format.

/// Their names and texts.
pub const DOCUMENTS: &[(&str, &str)] = &[
    ("floats.yaml", "a: 1.0\nb: 1000000.0\nc: -0.0\nd: 1e21\ne: 1e20\nf: 1.5\n"),
    (
        "floats.json",
        "{\"a\": 1.0, \"b\": 1e6, \"c\": -0.0, \"d\": 1e21, \"e\": 1e20, \"l\": [2.0, 3, {\"x\": 123456.0}], \"y\": 0.00001}",
    ),
    (
        "c1.yaml",
        "# top\n\
         \n\
         # about a\n\
         a: x # line a\n\
         \n\
         # mid\n\
         \n\
         b: \"1\" # line b\n\
         # foot b\n\
         \n\
         # above c\n\
         \n\
         c: z\n\
         # end\n",
    ),
    (
        "c2.yaml",
        "#nospace\n\
         #   many\n\
         a: x\n\
         # after a\n\
         b: y   # line\n\
         c: | # block c\n\
         \u{20} one\n\
         \u{20} two\n\
         # foot\n",
    ),
    (
        "c4.yaml",
        "a: 1\n\
         #\n\
         # \n\
         \n\
         # tail1\n\
         \n\
         # tail2\n",
    ),
    (
        "c5.yaml",
        "---\n\
         # head\n\
         \n\
         # head2\n\
         base: &b x # l\n\
         alias: *b # al\n\
         \"quoted key\": >- # fold\n\
         \u{20} a\n\
         \u{20} b\n\
         # mid\n\
         ? complex\n\
         : v # vv\n\
         num: 1.0 # n\n\
         t: 2024-01-01\n\
         # last\n\
         \n\
         # more\n",
    ),
    (
        "c6.yaml",
        "{a: 1, # one\n\
         \u{20}b: 2 # two\n\
         }\n\
         # end\n",
    ),
    (
        "y1.yaml",
        "# top\n\
         s1: # behind s1\n\
         \u{20} # above k\n\
         \u{20} k: v # line k\n\
         \u{20} # foot of s1\n\
         \n\
         # above s2\n\
         s2:\n\
         \u{20} a: 1\n\
         \u{20} # second b\n\
         \u{20} b: true # line b\n\
         \u{20} # third\n\
         \u{20} c: \"x y\"\n\
         s3:\n\
         \u{20} # one\n\
         \n\
         \u{20} # two\n\
         \u{20} # three\n\
         \u{20} k: null\n",
    ),
    (
        "y2.yaml",
        "s: # behind\n\
         \u{20} k: v\n\
         # foot of s\n\
         \n\
         t:\n\
         \u{20} #nospace\n\
         \u{20} #   many\n\
         \u{20} k: v\n\
         \n\
         \u{20} # after k\n\
         \n\
         \u{20} l: 1.0\n\
         \u{20} # end\n\
         u: {a: 1, b: 2} # flow\n",
    ),
    (
        "y3.yaml",
        "s:\n\
         \u{20} #\n\
         \u{20} k: v\n\
         \u{20} #\n\
         \u{20} # x\n\
         \u{20} l: 1\n\
         t: {}\n\
         u:\n\
         \u{20} # a ; b\n\
         \u{20} k: v\n\
         \u{20} #;semi\n\
         \u{20} # = x\n\
         \u{20} l: w\n\
         \u{20} m: w # \"quoted\"\n\
         \u{20} ## dbl\n\
         \u{20} n: 1\n",
    ),
    (
        "y4.yaml",
        "s: # b\n\
         \u{20} # h\n\
         \n\
         \u{20} # h2\n\
         \u{20} a: x # x\n\
         \u{20} # f\n\
         \n\
         \u{20} # g\n\
         \u{20} b: |- # blk\n\
         \u{20}   l1\n\
         \u{20}   l2\n\
         # between\n\
         t:\n\
         \u{20} {a: 1, b: 2}\n\
         # tail\n",
    ),
    (
        "c1.env",
        "# top\n\
         #nospace\n\
         A=1\n\
         \n\
         # about b\n\
         B=2\n\
         #   foot\n\
         # end = x\n",
    ),
    (
        "c3.env",
        "# only\n\
         #\n\
         A=x\\ny\n\
         # a b: c\n\
         #\n\
         \n\
         B=\n",
    ),
    (
        "c5.env",
        "# a\n\
         export A=\"x y\" # in\n\
         # b\n\
         \n\
         y=1\n\
         no=\n\
         # c: d\n",
    ),
    (
        "i1.ini",
        "; head\n\
         # hash\n\
         ; above top\n\
         top = 1\n\
         \n\
         ; above s1\n\
         [s1]\n\
         ; above k\n\
         k = v\n\
         # above l\n\
         l = w ; inline l\n\
         \n\
         ; above s2\n\
         [s2]\n\
         a = b\n\
         ; trailing\n",
    ),
    (
        "i2.ini",
        "[s1]\n\
         k = v\n\
         ; two\n\
         ; lines\n\
         j = 1\n\
         ; foot\n\
         z = 2\n\
         [s2]\n\
         # c\n\
         x = 1\n\
         ;  last\n\
         y = a\\nb\n\
         [s3]\n",
    ),
    (
        "i3.ini",
        "[s] ; behind\n\
         ;nospace\n\
         k = v\n\
         ; lone\n\
         [t]\n\
         ; only one\n\
         k = \"\"\"a\n\
         b\"\"\"\n",
    ),
    (
        "i4.ini",
        "; c\n\
         [s3]\n\
         ;\n\
         ; two\n\
         [s4]\n\
         ;\n\
         ;\n\
         k = v\n\
         # a\n\
         \n\
         ; b\n\
         l = 1\n\
         #! x\n\
         m =\n",
    ),
];
