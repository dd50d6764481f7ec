//! tests

use super::whole;
use crate::document::value::Value;

#[test]
fn whole_floats_are_read_out_as_integers() {
    for (number, wanted) in [(5432.0, 5432), (0.0, 0), (-7.0, -7), (9e18, 9_000_000_000_000_000_000)] {
        assert_eq!(whole(&Value::Float(number)), Some(Value::Int(wanted)));
    }
    for number in [0.5, -0.0, 9_223_372_036_854_775_808.0, 1e300, f64::INFINITY, f64::NAN] {
        assert_eq!(whole(&Value::Float(number)), None, "{number}");
    }
    assert_eq!(whole(&Value::Int(1)), None);
}
