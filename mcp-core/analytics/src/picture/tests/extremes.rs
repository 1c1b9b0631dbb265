//! Whatever comes in, what comes out is well-formed, finite and bounded.

use proptest::prelude::*;

use super::*;
use crate::picture::canvas::{Canvas, Style, spot};

/// Any number at all: infinite, not a number, near zero, far out.
fn any_number() -> impl Strategy<Value = f64> {
    let special =
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 0.0, -0.0, 1e-300];
    prop_oneof![any::<f64>(), -500.0..500.0_f64, prop::sample::select(special.to_vec())]
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    let range = Timestamp::MIN.as_second()..=Timestamp::MAX.as_second();
    let near = (FIRST.to_zoned(jiff::tz::TimeZone::UTC).unwrap()).timestamp().as_second();
    let second = prop_oneof![range, near - 1_000_000..near + 3_000_000];
    second.prop_map(|second| Timestamp::from_second(second).unwrap())
}

/// That a picture can be drawn, and every place in it is a number near the canvas.
fn is_sound(picture: &Picture) {
    let document = Document::parse(picture.svg()).unwrap();
    let mut elements = 0;
    for element in document.descendants().filter(Element::is_element) {
        elements += 1;
        let places =
            ["x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "width", "height", "points"];
        for value in places.iter().filter_map(|name| element.attribute(*name)) {
            for part in value.split([' ', ',']) {
                let part: f64 = part.parse().unwrap();
                assert!(part.is_finite() && part.abs() <= 10_000.0, "{value}");
            }
        }
    }
    assert!(elements < 4500, "{elements}");
    assert!(!picture.svg().contains("NaN") && !picture.svg().contains("inf,"));
    assert!(!picture.alt().contains("NaN"), "{}", picture.alt());
    raster::tree(picture.svg()).unwrap();
}

fn any_words() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "\\PC{0,200}", "[<>&\"'\u{0}-\u{1f}]{0,20}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_profile_is_sound(
        numbers in prop::collection::vec((any::<u16>(), any::<u16>(), prop::array::uniform5(any_number())), 0..40),
        target in (any_number(), any_number()),
    ) {
        let clock = berlin();
        let bins = numbers.into_iter().map(|(minute, minutes, mut percentiles)| {
            percentiles.sort_unstable_by(f64::total_cmp);
            let [p5, p25, p50, p75, p95] = percentiles;
            ProfileBin { minute: minute % 1500, minutes: minutes % 130, p5, p25, p50, p75, p95 }
        });
        let bins: Vec<ProfileBin> = bins.collect();
        is_sound(&AmbulatoryProfile { target, bins, ..profile(&clock) }.picture(&light()));
        // Ordered, so that something is drawn.
        let mut drawn = profile(&clock);
        drawn.target = target;
        is_sound(&drawn.picture(&light()));
    }

    #[test]
    fn any_ranges_are_sound(percents in prop::array::uniform5(any_number()), words in any_words()) {
        let clock = berlin();
        let mut bar = ranges(&clock);
        for (range, percent) in bar.ranges.iter_mut().zip(percents) {
            range.percent = percent;
            range.name.clone_from(&words);
            range.target = Some(words.clone());
        }
        is_sound(&bar.picture(&Look { theme: Theme::Dark, caption: Some(words) }));
    }

    #[test]
    fn any_blood_pressure_is_sound(
        points in prop::collection::vec((any_time(), any_number(), any_number()), 0..60),
        limits in prop::collection::vec(prop::option::of((any_number(), any_number())), 0..10),
    ) {
        let clock = berlin();
        let mut scatter = pressure(&clock, 0);
        scatter.points = points.into_iter()
            .map(|(at, systolic, diastolic)| PressurePoint { at, systolic, diastolic }).collect();
        scatter.bands = limits.into_iter()
            .map(|below| PressureBand { name: "Band".to_owned(), below }).collect();
        is_sound(&scatter.picture(&light()));
    }

    #[test]
    fn any_days_are_sound(
        figures in prop::collection::vec((0..3000_i64, any_number(), any::<usize>()), 0..60),
        mean in prop::option::of(any_number()),
        length in 1..3000_i64,
    ) {
        let clock = berlin();
        let about = About { days: days(length), ..about(&clock) };
        let steps = figures.iter().map(|(n, steps, _)| (day(*n), *steps)).collect();
        is_sound(&DailySteps { about, days: steps, mean }.picture(&light()));
        let counted = figures.iter().map(|(n, _, readings)| (day(*n), *readings)).collect();
        is_sound(&CoverageCalendar { about, title: "x".to_owned(), days: counted }.picture(&light()));
    }

    #[test]
    fn any_sleep_is_sound(
        stretches in prop::collection::vec((0..40_i64, any_time(), any_time(), 0..5_usize), 0..60),
    ) {
        let clock = berlin();
        let stages = [Stage::Asleep, Stage::Deep, Stage::Light, Stage::Rem, Stage::Awake];
        let nights = stretches.into_iter().map(|(n, start, end, stage)| {
            Night { evening: day(n), stretches: vec![Stretch { start, end, stage: stages[stage] }] }
        });
        is_sound(&SleepTimeline { about: about(&clock), nights: nights.collect() }.picture(&light()));
    }

    #[test]
    fn any_trend_is_sound(
        points in prop::collection::vec((any_time(), any_number()), 0..60),
        ends in (any_time(), any_number(), any_time(), any_number()),
        is_daily in any::<bool>(),
        words in any_words(),
    ) {
        let clock = berlin();
        let marks = if is_daily { TrendMarks::DailyMedians } else { TrendMarks::Readings };
        let point = |(at, value)| Point { at, value };
        let line = TrendLine { start: point((ends.0, ends.1)), end: point((ends.2, ends.3)), words };
        let points = points.into_iter().map(point).collect();
        is_sound(&Trend { points, line: Some(line), ..trend(&clock, marks) }.picture(&light()));
    }
}

#[test]
fn the_longest_inputs_stay_bounded() {
    let clock = berlin();
    is_sound(&pressure(&clock, 45_000).picture(&light()));
    let night = |n: i64| {
        let stretch = |minute: i32| Stretch {
            start: at(&clock, n, 20.0 + f64::from(minute) / 60.0),
            end: at(&clock, n, 20.0 + f64::from(minute + 1) / 60.0),
            stage: if minute % 2 == 0 { Stage::Deep } else { Stage::Awake },
        };
        Night { evening: day(n), stretches: (0..900).map(stretch).collect() }
    };
    let about = About { days: days(60), ..about(&clock) };
    let nights = (0..60).map(night).collect();
    is_sound(&SleepTimeline { about, nights }.picture(&light()));
    let whole = Days::new(Date::MIN, Date::MAX).unwrap();
    let about = About { days: whole, ..about };
    is_sound(&Trend { about, ..trend(&clock, TrendMarks::Readings) }.picture(&light()));
    is_sound(&CoverageCalendar { about, ..coverage(&clock, 28) }.picture(&light()));
    is_sound(&DailySteps { about, ..steps(&clock) }.picture(&light()));
    is_sound(&SleepTimeline { about, ..sleep(&clock) }.picture(&light()));
}

#[test]
fn a_place_that_is_no_number_is_written_as_one_all_the_same() {
    let mut canvas = Canvas::new(Theme::Light);
    let style = Style::fill(Theme::Light.palette().mark);
    canvas.line("wild", spot(f64::NAN, f64::INFINITY), spot(f64::MIN, -0.04), style);
    canvas.polygon("wild", &[spot(f64::NEG_INFINITY, 1e300), spot(0.25, 12.34)], style);
    let svg = canvas.finish(100.0, "title", "what it shows");
    let document = Document::parse(&svg).unwrap();
    let line = document.descendants().find(|node| node.has_tag_name("line")).unwrap();
    let places = ["x1", "y1", "x2", "y2"].map(|name| line.attribute(name).unwrap());
    assert_eq!(places, ["0", "0", "-10000", "0"]);
    assert!(svg.contains(r#"points="0,10000 0.3,12.3""#), "{svg}");
}
