//! The bands of blood pressure, by the guideline that names them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A guideline's bands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Scheme {
    /// American College of Cardiology and American Heart Association, 2017 (Whelton et al., Hypertension
    /// 2018;71:1269): four bands, and above 180/120 a fifth that calls for prompt attention.
    #[serde(rename = "acc_aha_2017")]
    AccAha2017,
    /// European Society of Cardiology, 2024 (European Heart Journal 2024;45:3912): three bands, for
    /// readings taken in an office.
    #[serde(rename = "esc_2024")]
    Esc2024,
}

/// A band. What it says of a reading is where its numbers lie, and nothing of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Band {
    /// ACC/AHA: below 120 and below 80.
    Normal,
    /// ESC: below 120 and below 70.
    NonElevated,
    /// ACC/AHA: 120 to 129 and below 80. ESC: 120 to 139 or 70 to 89.
    Elevated,
    /// ACC/AHA: 130 to 139 or 80 to 89.
    #[serde(rename = "stage_1")]
    Stage1,
    /// ACC/AHA: 140 and more, or 90 and more.
    #[serde(rename = "stage_2")]
    Stage2,
    /// ACC/AHA: above 180 or above 120.
    Urgent,
    /// ESC: 140 and more, or 90 and more.
    HypertensionRange,
}

/// From which number on a step is reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Edge {
    /// By every number.
    Always,
    /// By this number of mmHg and every greater one.
    From(f64),
    /// By every number of mmHg greater than this one.
    Above(f64),
    /// By no number.
    Never,
}

/// One band of a scheme, with the edges at which it begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The band.
    pub band: Band,
    /// At which systolic number it begins.
    pub systolic: Edge,
    /// At which diastolic number it begins.
    pub diastolic: Edge,
    /// The band's numbers as the guideline prints them, in mmHg.
    pub printed: &'static str,
}

const fn step(band: Band, systolic: Edge, diastolic: Edge, printed: &'static str) -> Step {
    Step { band, systolic, diastolic, printed }
}

const ACC_AHA_2017: &[Step] = &[
    step(Band::Normal, Edge::Always, Edge::Always, "<120 and <80"),
    step(Band::Elevated, Edge::From(120.0), Edge::Never, "120-129 and <80"),
    step(Band::Stage1, Edge::From(130.0), Edge::From(80.0), "130-139 or 80-89"),
    step(Band::Stage2, Edge::From(140.0), Edge::From(90.0), ">=140 or >=90"),
    step(Band::Urgent, Edge::Above(180.0), Edge::Above(120.0), ">180 or >120"),
];

const ESC_2024: &[Step] = &[
    step(Band::NonElevated, Edge::Always, Edge::Always, "<120 and <70"),
    step(Band::Elevated, Edge::From(120.0), Edge::From(70.0), "120-139 or 70-89"),
    step(Band::HypertensionRange, Edge::From(140.0), Edge::From(90.0), ">=140 or >=90"),
];

impl Edge {
    /// Whether a number reaches it.
    pub fn reached(self, number: f64) -> bool {
        match self {
            Self::Always => true,
            Self::From(edge) => number >= edge,
            Self::Above(edge) => number > edge,
            Self::Never => false,
        }
    }
}

impl Scheme {
    /// Its bands, from the lowest to the highest.
    ///
    /// The guidelines print whole numbers. Between them a band ends where the next begins, so that no number
    /// falls into a gap: 129.5 is below 130, and 180.5 is above 180.
    pub const fn steps(self) -> &'static [Step] {
        match self {
            Self::AccAha2017 => ACC_AHA_2017,
            Self::Esc2024 => ESC_2024,
        }
    }

    /// What an answer by this scheme says of itself, once.
    pub const fn basis(self) -> &'static str {
        match self {
            Self::AccAha2017 => {
                "ACC/AHA 2017, adults. Each reading is in the band of its worse number, which is no \
                 diagnosis; an average is placed only from 2 or more readings on 2 or more days. \
                 A reading above 180 or 120 asks for prompt attention."
            }
            Self::Esc2024 => {
                "ESC 2024, adults, bands for office readings (out of office the guideline has other \
                 ones). Each reading is in the band of its worse number, which is no diagnosis. An \
                 average is placed here only from 2 or more readings on 2 or more days."
            }
        }
    }

    /// Where a pair of numbers stands among the steps: as far up as either of them reaches.
    pub fn rank(self, systolic: f64, diastolic: f64) -> usize {
        let reached =
            |step: &Step| step.systolic.reached(systolic) || step.diastolic.reached(diastolic);
        // The first step is reached by every number.
        self.steps().iter().rposition(reached).unwrap_or_default()
    }

    /// The band of a pair of numbers: the worse number's.
    pub fn band(self, systolic: f64, diastolic: f64) -> Band {
        let step = self.steps().get(self.rank(systolic, diastolic));
        // No rank lies beyond the steps.
        step.map_or(Band::Urgent, |step| step.band)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn acc_aha_2017_places_a_pair_by_its_worse_number() {
        let band = |systolic, diastolic| Scheme::AccAha2017.band(systolic, diastolic);
        for (systolic, diastolic, expected) in [
            (119.0, 79.0, Band::Normal),
            (120.0, 79.0, Band::Elevated),
            (129.0, 79.0, Band::Elevated),
            (119.0, 80.0, Band::Stage1),
            (130.0, 70.0, Band::Stage1),
            (139.0, 89.0, Band::Stage1),
            (140.0, 70.0, Band::Stage2),
            (110.0, 90.0, Band::Stage2),
            (180.0, 120.0, Band::Stage2),
            (181.0, 80.0, Band::Urgent),
            (150.0, 121.0, Band::Urgent),
        ] {
            assert_eq!(band(systolic, diastolic), expected, "{systolic}/{diastolic}");
        }
    }

    #[test]
    fn esc_2024_has_three_bands() {
        let band = |systolic, diastolic| Scheme::Esc2024.band(systolic, diastolic);
        for (systolic, diastolic, expected) in [
            (119.0, 69.0, Band::NonElevated),
            (120.0, 60.0, Band::Elevated),
            (110.0, 70.0, Band::Elevated),
            (139.0, 89.0, Band::Elevated),
            (140.0, 60.0, Band::HypertensionRange),
            (110.0, 90.0, Band::HypertensionRange),
            (200.0, 130.0, Band::HypertensionRange),
        ] {
            assert_eq!(band(systolic, diastolic), expected, "{systolic}/{diastolic}");
        }
    }

    #[test]
    fn between_two_whole_numbers_a_band_ends_where_the_next_begins() {
        let band = |systolic, diastolic| Scheme::AccAha2017.band(systolic, diastolic);
        assert_eq!(band(119.9, 79.9), Band::Normal);
        assert_eq!(band(129.5, 79.5), Band::Elevated);
        assert_eq!(band(139.99, 89.99), Band::Stage1);
        assert_eq!(band(180.0, 80.0), Band::Stage2);
        assert_eq!(band(180.01, 80.0), Band::Urgent);
        assert_eq!(band(150.0, 120.01), Band::Urgent);
        assert_eq!(Scheme::Esc2024.band(119.99, 69.99), Band::NonElevated);
        assert_eq!(Scheme::Esc2024.band(139.99, 89.99), Band::Elevated);
    }

    /// The guidelines' tables, written out as conditions that do not know of each other.
    fn conditions(scheme: Scheme, s: f64, d: f64) -> Vec<Band> {
        let urgent = s > 180.0 || d > 120.0;
        let high = s >= 140.0 || d >= 90.0;
        let table: &[(Band, bool)] = match scheme {
            Scheme::AccAha2017 => &[
                (Band::Normal, s < 120.0 && d < 80.0),
                (Band::Elevated, (120.0..130.0).contains(&s) && d < 80.0),
                (Band::Stage1, !high && ((130.0..140.0).contains(&s) || (80.0..90.0).contains(&d))),
                (Band::Stage2, high && !urgent),
                (Band::Urgent, urgent),
            ],
            Scheme::Esc2024 => &[
                (Band::NonElevated, s < 120.0 && d < 70.0),
                (
                    Band::Elevated,
                    !high && ((120.0..140.0).contains(&s) || (70.0..90.0).contains(&d)),
                ),
                (Band::HypertensionRange, high),
            ],
        };
        table.iter().filter(|(_, holds)| *holds).map(|(band, _)| *band).collect()
    }

    fn scheme() -> impl Strategy<Value = Scheme> {
        prop_oneof![Just(Scheme::AccAha2017), Just(Scheme::Esc2024)]
    }

    /// Halves, so that edges are hit.
    fn number() -> impl Strategy<Value = f64> {
        (-20_i32..700).prop_map(|halves| f64::from(halves) / 2.0)
    }

    proptest! {
        #[test]
        fn every_pair_of_numbers_is_in_exactly_one_band(
            scheme in scheme(), systolic in number(), diastolic in number(),
        ) {
            let band = scheme.band(systolic, diastolic);
            prop_assert_eq!(conditions(scheme, systolic, diastolic), vec![band]);
        }

        #[test]
        fn raising_a_number_never_lowers_the_band(
            scheme in scheme(), systolic in number(), diastolic in number(), more in 0.0..200.0,
        ) {
            let rank = scheme.rank(systolic, diastolic);
            prop_assert!(scheme.rank(systolic + more, diastolic) >= rank);
            prop_assert!(scheme.rank(systolic, diastolic + more) >= rank);
        }
    }
}
