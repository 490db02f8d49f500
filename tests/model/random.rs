//! Numbers that follow from a seed and nothing else (`SplitMix64`), so that a run can be had again on any machine.

/// A stream of numbers.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `most`, which is not zero.
    pub fn below(&mut self, most: u64) -> u64 {
        self.bits() % most
    }

    /// A number from `least` to `most`, both included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        least + i64::try_from(self.below(most.abs_diff(least) + 1)).unwrap()
    }

    /// True this often in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of these, which are not none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    /// One of these, rather one of the last ones.
    pub fn pick_late<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let few = from.len().min(6);
        match few {
            0 => None,
            _ if self.chance(85) => Some(*self.pick(&from[from.len() - few..])),
            _ => Some(*self.pick(from)),
        }
    }

    /// One of these or nothing, nothing this often in a hundred.
    pub fn maybe<T: Copy>(&mut self, nothing: u64, from: &[T]) -> Option<T> {
        if self.chance(nothing) {
            None
        } else {
            Some(*self.pick(from))
        }
    }
}
