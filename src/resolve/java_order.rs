//! The order of Java's hash maps, which decides what a device visits first.
//!
//! A [`JavaMap`] keeps text keys in buckets as `java.util.HashMap` does: 16 at first, doubled when more than three
//! quarters as many keys are in, never fewer again, and in the order of insertion within a bucket. With another
//! [`Order`] the same keys fall into other buckets, to find out whether their order matters.

use std::mem;

/// How the keys of a [`JavaMap`] are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// As on the device.
    #[default]
    Java,
    /// Some other way, of which there is one for each number.
    Other(u32),
}

#[derive(Clone, Debug)]
pub struct JavaMap<V> {
    order: Order,
    buckets: Vec<Vec<(String, V)>>,
    len: usize,
}

const BUCKETS: usize = 16;

impl<V> JavaMap<V> {
    #[must_use]
    pub fn new(order: Order) -> Self {
        Self { order, buckets: Vec::new(), len: 0 }
    }

    /// A key that is there keeps its place, and its value is given back.
    pub fn insert(&mut self, key: &str, value: V) -> Option<V> {
        if self.buckets.is_empty() {
            self.buckets.resize_with(BUCKETS, Vec::new);
        }
        let at = self.order.bucket(key, self.buckets.len());
        if let Some((_, held)) = self.buckets[at].iter_mut().find(|(held, _)| held == key) {
            return Some(mem::replace(held, value));
        }
        self.buckets[at].push((key.into(), value));
        self.len += 1;
        if self.len * 4 > self.buckets.len() * 3 {
            self.grow();
        }
        None
    }

    pub fn remove(&mut self, key: &str) -> Option<V> {
        let buckets = self.buckets.len();
        let bucket = self.buckets.get_mut(self.order.bucket(key, buckets.max(1)))?;
        let at = bucket.iter().position(|(held, _)| held == key)?;
        self.len -= 1;
        Some(bucket.remove(at).1)
    }

    #[must_use]
    pub fn get(&self, key: &str) -> Option<&V> {
        let bucket = self.buckets.get(self.order.bucket(key, self.buckets.len().max(1)))?;
        bucket.iter().find(|(held, _)| held == key).map(|(_, value)| value)
    }

    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The entries in the device's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.buckets.iter().flatten().map(|(key, value)| (&**key, value))
    }

    fn grow(&mut self) {
        let size = self.buckets.len() * 2;
        let mut buckets = Vec::new();
        buckets.resize_with(size, Vec::new);
        for entry in self.buckets.drain(..).flatten() {
            buckets[self.order.bucket(&entry.0, size)].push(entry);
        }
        self.buckets = buckets;
    }
}

impl Order {
    fn bucket(self, key: &str, buckets: usize) -> usize {
        let hash = match self {
            Self::Java => hash_code(key),
            Self::Other(seed) => mix(hash_code(key) ^ mix(seed.wrapping_add(1))),
        };
        (hash ^ (hash >> 16)) as usize & (buckets - 1)
    }
}

/// `String.hashCode`, over UTF-16.
fn hash_code(text: &str) -> u32 {
    text.encode_utf16().fold(0, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()))
}

/// Any two inputs have different outputs that differ in many bits.
fn mix(mut bits: u32) -> u32 {
    bits = (bits ^ (bits >> 16)).wrapping_mul(0x85eb_ca6b);
    bits = (bits ^ (bits >> 13)).wrapping_mul(0xc2b2_ae35);
    bits ^ (bits >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(map: &JavaMap<usize>) -> Vec<&str> {
        map.iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn the_hash_is_javas() {
        assert_eq!(hash_code(""), 0);
        assert_eq!(hash_code("hello"), 99_162_322);
        assert_eq!(hash_code("Aa"), hash_code("BB"));
        assert_eq!(hash_code("polygenelubricants"), 0x8000_0000);
    }

    #[test]
    fn buckets_first_then_insertion() {
        let mut map = JavaMap::new(Order::Java);
        for (value, key) in ["b", "BB", "a", "Aa", "q"].into_iter().enumerate() {
            map.insert(key, value);
        }
        // a and q share a bucket until there are more of them; so do Aa and BB for ever
        assert_eq!(keys(&map), ["BB", "Aa", "a", "q", "b"]);
        map.insert("BB", 9);
        assert_eq!(map.iter().next(), Some(("BB", &9)));
        map.remove("BB");
        map.insert("BB", 1);
        assert_eq!(keys(&map), ["Aa", "BB", "a", "q", "b"]);
    }

    #[test]
    fn growing_spreads_and_removing_does_not_shrink() {
        let mut map = JavaMap::new(Order::Java);
        let letters = "qabcdefghijkl".chars().map(String::from).collect::<Vec<_>>();
        for letter in &letters[..12] {
            map.insert(letter, 0);
        }
        assert_eq!(keys(&map)[..2], ["q", "a"]);
        map.insert(&letters[12], 0);
        assert_eq!(keys(&map)[..2], ["a", "b"]);
        for letter in &letters[1..] {
            map.remove(letter);
        }
        map.insert("a", 0);
        assert_eq!(keys(&map), ["a", "q"]);
    }

    #[test]
    fn other_orders_differ() {
        let orders = (0..20).map(|seed| {
            let mut map = JavaMap::new(Order::Other(seed));
            map.insert("A", 0);
            map.insert("B", 0);
            keys(&map) == ["A", "B"]
        });
        let forward = orders.filter(|forward| *forward).count();
        assert!((3..18).contains(&forward), "{forward}");
    }
}
