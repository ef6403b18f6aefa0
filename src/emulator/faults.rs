//! Faults on request: rules that say which calls go wrong, how often, and how.
//!
//! Every rule that hits a call has its effect: latencies add up, of two refusals or two injuries of an answer the first
//! one holds. Each rule draws from chances of its own, so that the same calls in the same order meet the same faults
//! again, whatever other rules there are, and whatever went before the chances began anew. What faults do to answers on
//! the wire is told in [`injury`](super::injury), to pages in [`page`](super::page), to lists in [`past`](super::past).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::error::{Result, ServiceError};
use super::injury::Injury;
use super::page::Cut;
use super::store::Millis;
use crate::model::Operation;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The call takes longer, by a time between the two.
    Latency(Duration, Duration),
    /// Nothing is done, and this is the answer.
    Error(Box<ServiceError>),
    /// The operation is done, and its answer does not arrive as it should.
    Injury(Injury),
    ShortPage,
    EmptyPage,
    /// A list tells what was true this long ago.
    Lag(Duration),
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Names of the API; None for every operation.
    pub operations: Option<Vec<String>>,
    /// The share of the calls that it hits, 0 to 1.
    pub rate: f64,
    /// How many calls it hits before it ends; None for no end.
    pub times: Option<u64>,
    pub effect: Effect,
}

/// All rules of an emulator.
#[derive(Debug)]
pub struct Faults {
    seed: u64,
    rules: Mutex<Rules>,
}

#[derive(Debug, Default)]
struct Rules {
    /// Of all times, for numbers that are not given again.
    made: u64,
    /// Since the chances began anew.
    drawing: u64,
    present: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    id: u64,
    fault: Fault,
    chances: fastrand::Rng,
    hits: u64,
}

/// What one call meets.
#[derive(Debug, Default)]
pub struct Met {
    pub latency: Duration,
    pub error: Option<Box<ServiceError>>,
    pub injury: Option<Injury>,
    pub cut: Option<Cut>,
    pub lag: Option<Duration>,
}

impl Faults {
    pub fn new(seed: u64) -> Self {
        Self { seed, rules: Mutex::default() }
    }

    /// Adds a rule and gives its number.
    pub fn add(&self, fault: Fault) -> u64 {
        let mut all = self.lock();
        all.made += 1;
        let id = all.made;
        let chances = all.chances(self.seed);
        all.present.push(Rule { id, fault, chances, hits: 0 });
        id
    }

    /// Ends a rule; it may have ended already.
    pub fn remove(&self, id: u64) {
        self.lock().present.retain(|rule| rule.id != id);
    }

    /// Ends all rules; those that come are the first.
    pub fn clear(&self) {
        self.lock().present.clear();
        self.begin_anew();
    }

    /// The rules that there are draw as if they had just been added, and were the first.
    pub fn begin_anew(&self) {
        let mut all = self.lock();
        all.drawing = 0;
        for at in 0..all.present.len() {
            all.present[at].chances = all.chances(self.seed);
        }
    }

    /// How many calls a rule has hit; None when it was removed.
    pub fn hits(&self, id: u64) -> Option<u64> {
        self.lock().present.iter().find(|rule| rule.id == id).map(|rule| rule.hits)
    }

    /// The longest that a list may lag behind.
    pub fn longest_lag(&self) -> Option<Duration> {
        let lag = |rule: &Rule| if let Effect::Lag(lag) = rule.fault.effect { Some(lag) } else { None };
        self.lock().present.iter().filter_map(lag).max()
    }

    /// Draws what a call of `operation` meets.
    pub fn meet(&self, operation: &Operation) -> Met {
        let mut met = Met::default();
        for rule in &mut self.lock().present {
            if rule.concerns(operation) && rule.chances.f64() < rule.fault.rate {
                rule.hits += 1;
                rule.act(&mut met);
            }
        }
        met
    }

    fn lock(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rules {
    /// Of the next rule. Neighbouring numbers make unlike chances: fastrand mixes its seeds.
    fn chances(&mut self, seed: u64) -> fastrand::Rng {
        self.drawing += 1;
        fastrand::Rng::with_seed(seed.wrapping_add(self.drawing))
    }
}

impl Rule {
    fn concerns(&self, operation: &Operation) -> bool {
        let lists_only = matches!(self.fault.effect, Effect::ShortPage | Effect::EmptyPage | Effect::Lag(_));
        self.fault.times.is_none_or(|times| self.hits < times)
            && self.fault.operations.as_ref().is_none_or(|names| names.iter().any(|name| **name == *operation.name))
            && (!lists_only || operation.paginator.is_some())
    }

    fn act(&mut self, met: &mut Met) {
        match &self.fault.effect {
            Effect::Latency(least, most) => {
                met.latency += *least + most.saturating_sub(*least).mul_f64(self.chances.f64());
            }
            Effect::Error(error) => {
                met.error.get_or_insert_with(|| error.clone());
            }
            Effect::Injury(injury) => {
                met.injury.get_or_insert(*injury);
            }
            Effect::ShortPage => {
                met.cut.get_or_insert(Cut::Short(self.chances.f64()));
            }
            Effect::EmptyPage => {
                met.cut.get_or_insert(Cut::Empty);
            }
            Effect::Lag(lag) => {
                met.lag.get_or_insert(*lag);
            }
        }
    }
}

impl Met {
    /// What keeps the operation from being done.
    pub fn refuse(&self) -> Result<()> {
        self.error.as_deref().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// How far back a list looks.
    pub fn lag_millis(&self) -> Option<Millis> {
        self.lag.map(|lag| Millis::try_from(lag.as_millis()).unwrap_or(Millis::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;

    fn operation(name: &str) -> &'static Operation {
        Model::greengrassv2().operation(name).unwrap()
    }

    fn reset(operations: Option<&[&str]>, rate: f64, times: Option<u64>) -> Fault {
        let operations = operations.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        Fault { operations, rate, times, effect: Effect::Injury(Injury::Reset) }
    }

    fn hits(faults: &Faults, name: &str, calls: usize) -> Vec<bool> {
        (0..calls).map(|_| faults.meet(operation(name)).injury.is_some()).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_whatever_other_rules_there_are() {
        let drawn = |seed, more: bool| {
            let faults = Faults::new(seed);
            faults.add(reset(None, 0.5, None));
            if more {
                faults.add(Fault { effect: Effect::ShortPage, ..reset(None, 0.5, None) });
            }
            hits(&faults, "ListCoreDevices", 64)
        };
        assert_eq!(drawn(7, false), drawn(7, true));
        assert_ne!(drawn(7, false), drawn(8, false));
    }

    #[test]
    fn chances_begin_anew_with_the_rules_and_without() {
        let faults = Faults::new(7);
        let add = || faults.add(reset(None, 0.3, None));
        let drawn = || hits(&faults, "ListCoreDevices", 64);
        let ids = [add(), add()];
        let first = drawn();
        assert_ne!(first, drawn());
        faults.begin_anew();
        assert_eq!(first, drawn());
        faults.clear();
        assert!([add(), add()].iter().all(|id| !ids.contains(id)), "a number is given once");
        assert_eq!(first, drawn());
    }

    #[test]
    fn a_rate_is_a_share() {
        let faults = Faults::new(1);
        faults.add(reset(None, 0.2, None));
        let hit = hits(&faults, "GetCoreDevice", 10_000).into_iter().filter(|hit| *hit).count();
        assert!((1_800..2_200).contains(&hit), "{hit}");
    }

    #[test]
    fn a_rule_hits_its_operations_and_ends() {
        let faults = Faults::new(1);
        let id = faults.add(reset(Some(&["GetCoreDevice"]), 1.0, Some(2)));
        assert_eq!(hits(&faults, "ListCoreDevices", 2), [false, false]);
        assert_eq!(hits(&faults, "GetCoreDevice", 3), [true, true, false]);
        assert_eq!(faults.hits(id), Some(2));
        faults.remove(id);
        assert_eq!(faults.hits(id), None);
    }

    #[test]
    fn only_lists_have_pages() {
        let faults = Faults::new(1);
        let id = faults.add(Fault { effect: Effect::EmptyPage, ..reset(None, 1.0, None) });
        assert!(faults.meet(operation("GetCoreDevice")).cut.is_none());
        assert!(faults.meet(operation("ListCoreDevices")).cut.is_some());
        assert_eq!(faults.hits(id), Some(1));
    }
}
