//! The values that templates work with, typed as Go types them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::semver::Version;
use super::text::Text;
use super::time::Time;
use crate::secret::SecretBytes;

/// A value with its Go type. Cloning is cheap: texts, lists and maps are shared.
#[derive(Clone, Default)]
pub enum Value {
    /// Nothing at all, as a missing key gives; printed as `<no value>`.
    Missing,
    /// `nil`, of no type.
    #[default]
    Nil,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `int64`
    Int64(i64),
    /// `uint8`, a byte of a string
    Uint8(u8),
    /// `uint64`
    Uint64(u64),
    /// `float64`
    Float(f64),
    /// `complex128`
    Complex(f64, f64),
    /// `string`
    Text(Text),
    /// Any slice.
    List(List),
    /// Any map with string keys.
    Map(Map),
    /// `time.Time`
    Time(Time),
    /// `time.Duration`, in nanoseconds
    Duration(i64),
    /// `time.Month`, 1 is January
    Month(i64),
    /// `time.Weekday`, 0 is Sunday
    Weekday(i64),
    /// `*semver.Version`
    Version(Arc<Version>),
    /// sprig's `certificate`: the certificate and its key in PEM, `.Cert` and `.Key`.
    Certificate(Text, Text),
    /// `error`; its text is a secret as any other
    Error(Text),
}

/// The element type of a list or a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// `interface {}`
    Any,
    /// `string`
    Text,
    /// `int`
    Int,
    /// `[]interface {}`
    List,
}

impl Element {
    /// The name of the type in Go.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Text => "string",
            Self::Int => "int",
            Self::List => "[]interface {}",
        }
    }

    /// The value that a missing element of this type has.
    pub(super) fn zero(self) -> Value {
        match self {
            Self::Any => Value::Nil,
            Self::Text => Value::Text(Text::default()),
            Self::Int => Value::Int(0),
            Self::List => Value::List(List::nil(Self::Any)),
        }
    }
}

/// A slice. It never changes.
#[derive(Clone)]
pub struct List(Arc<Items>);

struct Items {
    element: Element,
    nil: bool,
    items: Vec<Value>,
}

impl List {
    /// A slice of `element`s.
    pub fn new(element: Element, items: Vec<Value>) -> Self {
        Self(Arc::new(Items { element, nil: false, items }))
    }

    /// The nil slice: empty, and `null` as JSON.
    pub fn nil(element: Element) -> Self {
        Self(Arc::new(Items { element, nil: true, items: vec![] }))
    }

    /// The elements.
    pub fn items(&self) -> &[Value] {
        &self.0.items
    }

    /// The type of the elements.
    pub fn element(&self) -> Element {
        self.0.element
    }

    /// Whether it is the nil slice.
    pub fn is_nil(&self) -> bool {
        self.0.nil
    }
}

/// A map with string keys. Clones are the same map: what one sets, all have.
#[derive(Clone)]
pub struct Map(Arc<Entries>);

struct Entries {
    element: Element,
    nil: bool,
    entries: RwLock<BTreeMap<Text, Value>>,
}

impl Map {
    /// A map to `element`s.
    pub fn new(element: Element, entries: BTreeMap<Text, Value>) -> Self {
        Self(Arc::new(Entries { element, nil: false, entries: RwLock::new(entries) }))
    }

    /// The nil map: empty, and nothing can be set in it.
    pub fn nil(element: Element) -> Self {
        Self(Arc::new(Entries { element, nil: true, entries: RwLock::default() }))
    }

    /// The value of `key`.
    pub fn get(&self, key: &[u8]) -> Option<Value> {
        self.0.entries.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// Copies of all entries, by key.
    pub fn entries(&self) -> Vec<(Text, Value)> {
        let entries = self.0.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.0.entries.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of the elements.
    pub fn element(&self) -> Element {
        self.0.element
    }

    /// Whether it is the nil map.
    pub fn is_nil(&self) -> bool {
        self.0.nil
    }

    /// Whether both are the same map, not only equal.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Sets an entry. The caller has checked that the map is not nil and not inside of `value`.
    pub(super) fn insert(&self, key: Text, value: Value) {
        // the old value is dropped after the lock
        let _old = self.0.entries.write().unwrap_or_else(PoisonError::into_inner).insert(key, value);
    }

    /// Removes an entry.
    pub(super) fn remove(&self, key: &[u8]) {
        let _old = self.0.entries.write().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

// Lists of lists of lists may be deeper than the stack: they are taken apart one by one.
impl Drop for Items {
    fn drop(&mut self) {
        take_apart(std::mem::take(&mut self.items));
    }
}

impl Drop for Entries {
    fn drop(&mut self) {
        let entries = self.entries.get_mut().unwrap_or_else(PoisonError::into_inner);
        take_apart(std::mem::take(entries).into_values().collect());
    }
}

fn take_apart(mut values: Vec<Value>) {
    while let Some(value) = values.pop() {
        match value {
            Value::List(list) => {
                if let Some(mut list) = Arc::into_inner(list.0) {
                    values.append(&mut list.items);
                }
            }
            Value::Map(map) => {
                if let Some(mut map) = Arc::into_inner(map.0) {
                    let entries = map.entries.get_mut().unwrap_or_else(PoisonError::into_inner);
                    values.extend(std::mem::take(entries).into_values());
                }
            }
            _ => {}
        }
    }
}

impl Value {
    /// A `map[string]string`, which is what a template of a Secret gets as its data.
    pub fn texts<K: Into<Text>>(entries: impl IntoIterator<Item = (K, SecretBytes)>) -> Self {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), Self::Text(value.expose().into())));
        Self::Map(Map::new(Element::Text, entries.collect()))
    }

    /// A `map[string]interface {}`.
    pub fn dict<K: Into<Text>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Map(Map::new(Element::Any, entries.into_iter().map(|(key, value)| (key.into(), value)).collect()))
    }

    /// A `[]interface {}`.
    pub fn list(items: Vec<Value>) -> Self {
        Self::List(List::new(Element::Any, items))
    }

    /// A `[]string`.
    pub fn text_list(items: Vec<Text>) -> Self {
        Self::List(List::new(Element::Text, items.into_iter().map(Self::Text).collect()))
    }

    /// What JSON says, as Go's `json.Unmarshal` reads it into an `interface {}`; `None` for what is no JSON.
    pub fn from_json(text: &[u8]) -> Option<Self> {
        super::json::decode(text, |_| Ok(())).ok().filter(|(_, too_large)| !too_large).map(|(value, _)| value)
    }

    /// A `string`.
    pub fn text(text: impl Into<Text>) -> Self {
        Self::Text(text.into())
    }

    /// The name of its Go type, as `%T` prints it.
    pub fn type_name(&self) -> String {
        match self {
            Self::Missing | Self::Nil => "<nil>".into(),
            Self::Bool(_) => "bool".into(),
            Self::Int(_) => "int".into(),
            Self::Int64(_) => "int64".into(),
            Self::Uint8(_) => "uint8".into(),
            Self::Uint64(_) => "uint64".into(),
            Self::Float(_) => "float64".into(),
            Self::Complex(..) => "complex128".into(),
            Self::Text(_) => "string".into(),
            Self::List(list) => format!("[]{}", list.element().name()),
            Self::Map(map) => format!("map[string]{}", map.element().name()),
            Self::Time(_) => "time.Time".into(),
            Self::Duration(_) => "time.Duration".into(),
            Self::Month(_) => "time.Month".into(),
            Self::Weekday(_) => "time.Weekday".into(),
            Self::Version(_) => "*semver.Version".into(),
            Self::Certificate(..) => "sprig.certificate".into(),
            Self::Error(_) => "*errors.errorString".into(),
        }
    }

    /// Its kind in Go's reflection.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Missing | Self::Nil => "invalid",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Month(_) | Self::Weekday(_) => "int",
            Self::Int64(_) | Self::Duration(_) => "int64",
            Self::Uint8(_) => "uint8",
            Self::Uint64(_) => "uint64",
            Self::Float(_) => "float64",
            Self::Complex(..) => "complex128",
            Self::Text(_) => "string",
            Self::List(_) => "slice",
            Self::Map(_) => "map",
            Self::Time(_) | Self::Certificate(..) => "struct",
            Self::Version(_) | Self::Error(_) => "ptr",
        }
    }

    /// Whether `if` takes it for true: it is not the zero value of its type.
    pub fn truth(&self) -> bool {
        match self {
            Self::Missing | Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(n) | Self::Int64(n) | Self::Duration(n) | Self::Month(n) | Self::Weekday(n) => *n != 0,
            Self::Uint8(n) => *n != 0,
            Self::Uint64(n) => *n != 0,
            Self::Float(n) => *n != 0.0,
            Self::Complex(real, imaginary) => *real != 0.0 || *imaginary != 0.0,
            Self::Text(text) => !text.bytes().is_empty(),
            Self::List(list) => !list.items().is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Time(_) | Self::Certificate(..) | Self::Version(_) | Self::Error(_) => true,
        }
    }

    /// Whether it is `nil` or nothing at all.
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil | Self::Missing)
    }

    /// The integer that it is, if its kind is one with a sign.
    pub(super) fn signed(&self) -> Option<i64> {
        match self {
            Self::Int(n) | Self::Int64(n) | Self::Duration(n) | Self::Month(n) | Self::Weekday(n) => Some(*n),
            _ => None,
        }
    }

    /// The integer that it is, if its kind is one without a sign.
    pub(super) fn unsigned(&self) -> Option<u64> {
        match self {
            Self::Uint8(n) => Some(u64::from(*n)),
            Self::Uint64(n) => Some(*n),
            _ => None,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [REDACTED]", self.type_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_type_only() {
        let value = Value::texts([("a", SecretBytes::new(b"hunter2".to_vec()))]);
        assert_eq!(format!("{value:?}"), "map[string]string [REDACTED]");
    }

    #[test]
    fn what_is_deeper_than_the_stack_can_be_dropped() {
        let mut value = Value::Nil;
        for _ in 0..300_000 {
            value = Value::list(vec![value]);
        }
        drop(value);
        let mut value = Value::Nil;
        for _ in 0..300_000 {
            value = Value::dict([("a", value)]);
        }
        drop(value);
    }

    #[test]
    fn clones_of_a_map_are_one_map() {
        let map = Map::new(Element::Any, BTreeMap::new());
        map.clone().insert("a".into(), Value::Int(1));
        assert_eq!(map.len(), 1);
    }
}
