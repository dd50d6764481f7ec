//! sprig's arithmetic with floats, which is done on decimal numbers, as shopspring/decimal 1.4.0 does it.

use std::cmp::Ordering;

use super::cast::float;
use super::{Args, Function, Outcome, function};
use crate::template::error::{Fault, Limit};
use crate::template::options::Env;
use crate::template::value::Value;

pub(super) const TABLE: &[Function] = &[
    function("add1f", "a", |env, args| {
        fold(env, Decimal::of(float(env, args.any(0)))?, &[Value::Int(1)], |left, right| left.add(right))
    }),
    function("addf", "a*", |env, args| fold(env, Decimal::of(0.0)?, args.rest(0), |left, right| left.add(right))),
    function("divf", "aa*", |env, args| from_first(env, args, |left, right| left.divide(right))),
    function("mulf", "aa*", |env, args| from_first(env, args, |left, right| left.multiply(right))),
    function("subf", "aa*", |env, args| from_first(env, args, |left, right| left.add(&right.negated()))),
];

type Operation = fn(&Decimal, &Decimal) -> Result<Decimal, Fault>;

fn from_first(env: &Env<'_>, args: &Args, with: Operation) -> Outcome {
    fold(env, Decimal::of(float(env, args.any(0)))?, args.rest(1), with)
}

fn fold(env: &Env<'_>, first: Decimal, values: &[Value], with: Operation) -> Outcome {
    let mut result = first;
    for value in values {
        result = with(&result, &Decimal::of(float(env, value))?)?;
    }
    Ok(Value::Float(result.float()))
}

/// Digits kept at most; every float has fewer.
const MAX_DIGITS: usize = 4000;

/// The digits of the result of a division after its point.
const PRECISION: i64 = 16;

/// `±digits * 10^exponent`, the digits as numbers from 0 to 9, the largest first.
#[derive(Clone)]
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// The shortest decimal number that gives the float again.
    fn of(value: f64) -> Result<Self, Fault> {
        if !value.is_finite() {
            return Err(Fault::Because("a number is infinite or none"));
        }
        let text = format!("{:e}", value.abs());
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let digits = mantissa.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
        let exponent = exponent.parse::<i64>().unwrap_or_default() - fraction as i64;
        Ok(Self { negative: value < 0.0, digits, exponent }.trimmed())
    }

    fn trimmed(mut self) -> Self {
        let zeros = self.digits.iter().take_while(|digit| **digit == 0).count();
        self.digits.drain(..zeros);
        self
    }

    fn negated(&self) -> Self {
        Self { negative: !self.negative, ..self.clone() }
    }

    fn float(&self) -> f64 {
        let digits: String = self.digits.iter().map(|digit| char::from(b'0' + digit)).collect();
        if digits.is_empty() {
            return 0.0;
        }
        let value: f64 = format!("{digits}e{}", self.exponent).parse().unwrap_or_default();
        if self.negative { -value } else { value }
    }

    /// The digits with more zeros, so that the exponent is `exponent`.
    fn scaled(&self, exponent: i64) -> Result<Vec<u8>, Fault> {
        let zeros = usize::try_from(self.exponent - exponent).map_err(|_| Limit::Memory)?;
        if self.digits.is_empty() {
            return Ok(vec![]);
        }
        if self.digits.len() + zeros > MAX_DIGITS {
            return Err(Limit::Memory.into());
        }
        let mut digits = self.digits.clone();
        digits.resize(digits.len() + zeros, 0);
        Ok(digits)
    }

    fn add(&self, other: &Self) -> Result<Self, Fault> {
        let exponent = self.exponent.min(other.exponent);
        let (left, right) = (self.scaled(exponent)?, other.scaled(exponent)?);
        let (negative, digits) = if self.negative == other.negative {
            (self.negative, sum(&left, &right))
        } else if compare(&left, &right) == Ordering::Less {
            (other.negative, difference(&right, &left))
        } else {
            (self.negative, difference(&left, &right))
        };
        Ok(Self { negative, digits, exponent }.trimmed())
    }

    fn multiply(&self, other: &Self) -> Result<Self, Fault> {
        if self.digits.len() + other.digits.len() > MAX_DIGITS {
            return Err(Limit::Memory.into());
        }
        let mut digits = vec![0_u32; self.digits.len() + other.digits.len()];
        for (at, left) in self.digits.iter().enumerate() {
            for (offset, right) in other.digits.iter().enumerate() {
                digits[at + offset + 1] += u32::from(left * right);
            }
        }
        let mut carry = 0;
        let mut digits: Vec<u8> = digits
            .into_iter()
            .rev()
            .map(|digit| {
                let all = digit + carry;
                carry = all / 10;
                (all % 10) as u8
            })
            .collect();
        digits.reverse();
        let exponent = self.exponent + other.exponent;
        Ok(Self { negative: self.negative != other.negative, digits, exponent }.trimmed())
    }

    /// Rounded half away from zero to 16 digits after the point. The divisor comes from a float: it has few digits.
    fn divide(&self, divisor: &Self) -> Result<Self, Fault> {
        let by = divisor.digits.iter().fold(0_u128, |all, digit| all * 10 + u128::from(*digit));
        if by == 0 {
            return Err(Fault::Because("it divides by zero"));
        }
        let shift = PRECISION + self.exponent - divisor.exponent;
        let (digits, cut) = if shift >= 0 {
            (Self { exponent: shift, ..self.clone() }.scaled(0)?, vec![])
        } else {
            let keep = self.digits.len().saturating_sub(usize::try_from(-shift).unwrap_or(usize::MAX));
            let missing = usize::try_from(-shift).unwrap_or(usize::MAX).saturating_sub(self.digits.len());
            // a zero before the first digit that was cut off says that it is below one half
            let cut = if missing > 0 { vec![0] } else { self.digits[keep..].to_vec() };
            (self.digits[..keep].to_vec(), cut)
        };
        let mut rest = 0_u128;
        let mut quotient = Vec::with_capacity(digits.len() + 1);
        for digit in digits {
            rest = rest * 10 + u128::from(digit);
            quotient.push((rest / by) as u8);
            rest %= by;
        }
        let half = rest * 2 >= by || (rest * 2 + 1 == by && cut.first().is_some_and(|digit| *digit >= 5));
        if half {
            quotient = sum(&quotient, &[1]);
        }
        Ok(Self { negative: self.negative != divisor.negative, digits: quotient, exponent: -PRECISION }.trimmed())
    }
}

fn compare(left: &[u8], right: &[u8]) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

fn sum(left: &[u8], right: &[u8]) -> Vec<u8> {
    let length = left.len().max(right.len()) + 1;
    let mut carry = 0;
    let mut digits: Vec<u8> = (0..length)
        .map(|at| {
            let all = digit(left, at) + digit(right, at) + carry;
            carry = all / 10;
            all % 10
        })
        .collect();
    digits.reverse();
    digits
}

/// `left - right`; left is not the smaller one.
fn difference(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut digits: Vec<u8> = (0..left.len())
        .map(|at| {
            let all = 10 + digit(left, at) - digit(right, at) - borrow;
            borrow = u8::from(all < 10);
            all % 10
        })
        .collect();
    digits.reverse();
    digits
}

/// The digit `at`, from the right.
fn digit(digits: &[u8], at: usize) -> u8 {
    digits.len().checked_sub(at + 1).map_or(0, |at| digits[at])
}
