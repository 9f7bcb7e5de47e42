//! The addresses that allowed lookups returned: a guest may connect to them under the rule that
//! allowed the name. Bounded: the one that was looked up longest ago leaves first.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::ports::Ports;

/// How many addresses are remembered.
pub(super) const PINS_MAX: usize = 4096;

#[derive(Debug, Default)]
pub(super) struct Pins {
    of: HashMap<IpAddr, Pin>,
    /// The same addresses in the order of their last lookup.
    order: BTreeMap<u64, IpAddr>,
    sequence: u64,
}

#[derive(Debug)]
struct Pin {
    ports: Vec<Ports>,
    sequence: u64,
}

impl Pins {
    /// Remembers `address`, in its judged form, for `ports` beside those it already has.
    pub(super) fn add(&mut self, address: IpAddr, ports: &[Ports]) {
        self.sequence += 1;
        let sequence = self.sequence;
        let pin = self.of.entry(address).or_insert_with(|| Pin {
            ports: Vec::new(),
            sequence,
        });
        self.order.remove(&pin.sequence);
        pin.sequence = sequence;
        for port in ports {
            if !pin.ports.contains(port) {
                pin.ports.push(*port);
            }
        }
        self.order.insert(sequence, address);
        self.forget_oldest();
    }

    fn forget_oldest(&mut self) {
        if self.of.len() > PINS_MAX
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.of.remove(&oldest);
        }
    }

    pub(super) fn covers(&self, address: IpAddr, port: u16) -> bool {
        let pin = self.of.get(&address);
        pin.is_some_and(|pin| pin.ports.iter().any(|ports| ports.covers(port)))
    }

    pub(super) fn covers_address(&self, address: IpAddr) -> bool {
        self.of.contains_key(&address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: usize) -> IpAddr {
        IpAddr::from(u32::try_from(number).unwrap().to_be_bytes())
    }

    fn filled(count: usize) -> Pins {
        let mut pins = Pins::default();
        for number in 0..count {
            pins.add(address(number), &[Ports::Any]);
        }
        pins
    }

    #[test]
    fn the_oldest_leaves_when_one_too_many_comes() {
        assert!(filled(PINS_MAX).covers_address(address(0)));
        let pins = filled(PINS_MAX + 1);
        assert!(!pins.covers_address(address(0)));
        assert!(pins.covers_address(address(1)) && pins.covers_address(address(PINS_MAX)));
        assert_eq!((pins.of.len(), pins.order.len()), (PINS_MAX, PINS_MAX));
    }

    #[test]
    fn looking_up_again_makes_young() {
        let mut pins = filled(PINS_MAX);
        pins.add(address(0), &[Ports::Any]);
        pins.add(address(PINS_MAX), &[Ports::Any]);
        assert!(pins.covers_address(address(0)));
        assert!(!pins.covers_address(address(1)));
    }

    #[test]
    fn ports_add_up_without_growing() {
        let mut pins = Pins::default();
        for port in [80, 443, 80] {
            pins.add(address(1), &[Ports::One(port)]);
        }
        assert!(pins.covers(address(1), 80) && pins.covers(address(1), 443));
        assert!(!pins.covers(address(1), 81));
        assert_eq!(pins.of[&address(1)].ports.len(), 2);
    }
}
