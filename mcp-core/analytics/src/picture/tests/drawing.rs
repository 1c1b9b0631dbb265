//! As many marks as there are figures, at the places that they have, and the same each time.

use resvg::tiny_skia::Pixmap;

use super::*;

#[test]
fn each_part_of_a_day_is_a_place_of_the_curves_and_curves_break_where_there_is_none() {
    let clock = berlin();
    let whole = profile(&clock);
    let picture = whole.picture(&light());
    let counts =
        |picture: &Picture| ["outer", "inner", "edge", "median"].map(|class| marks(picture, class));
    assert_eq!(counts(&picture), [1, 1, 2, 1]);
    let document = Document::parse(picture.svg()).unwrap();
    let median =
        document.descendants().find(|node| node.attribute("class") == Some("median")).unwrap();
    assert_eq!(median.attribute("points").unwrap().split(' ').count(), 24);

    let mut broken = whole;
    broken.bins.retain(|bin| !(300..=420).contains(&bin.minute));
    assert_eq!(counts(&broken.picture(&light())), [2, 2, 4, 2]);
    broken.bins.retain(|bin| bin.minute == 0);
    let lone = broken.picture(&light());
    assert_eq!(counts(&lone), [1, 1, 2, 1], "a single part is drawn as wide as it is");
}

#[test]
fn parts_of_a_day_that_are_no_percentiles_are_left_out() {
    let clock = berlin();
    let mut wrong = profile(&clock);
    wrong.bins.truncate(3);
    wrong.bins[0].p5 = f64::NAN;
    wrong.bins[1].p95 = 10.0;
    wrong.bins[2].minute = 1430;
    assert!(texts(&wrong.picture(&light())).contains(&"no readings to draw".to_owned()));
}

#[test]
fn bands_are_as_high_as_their_shares_but_slight_ones_are_seen() {
    let picture = ranges(&berlin()).picture(&light());
    let document = Document::parse(picture.svg()).unwrap();
    let bands = document.descendants().filter(|node| node.attribute("class") == Some("band"));
    let heights: Vec<f64> = bands.map(|band| number(band, "height")).collect();
    let [very_low, low, within, high, very_high] = heights[..] else { panic!("{heights:?}") };
    assert!((very_low - 5.0).abs() < 0.11, "0.2 % would be less than a pixel");
    for (height, percent) in [(low, 3.3), (high, 20.0), (very_high, 5.0)] {
        assert!((height / within - percent / 71.5).abs() < 0.001, "{height} {within}");
    }
    let bands = document.descendants().filter(|node| node.attribute("class") == Some("band"));
    let ends: Vec<(f64, f64)> =
        bands.map(|band| (number(band, "y"), number(band, "y") + number(band, "height"))).collect();
    let gaps = ends.windows(2).map(|pair| pair[0].0 - pair[1].1);
    assert!(gaps.into_iter().all(|gap| (gap - 4.0).abs() < 0.21), "a gap between bands: {ends:?}");
    let whole: f64 = heights.iter().sum();
    assert!((whole + 4.0 * 4.0 - 430.0).abs() < 0.6, "{whole}");
}

#[test]
fn a_band_without_readings_is_written_and_not_drawn() {
    let clock = berlin();
    let mut without = ranges(&clock);
    without.ranges[0].percent = 0.0;
    let picture = without.picture(&light());
    assert_eq!(
        (marks(&picture, "band"), marks(&picture, "tie"), marks(&picture, "name")),
        (4, 4, 5)
    );
    assert!(texts(&picture).contains(&"0 %".to_owned()));
}

#[test]
fn each_reading_of_blood_pressure_is_a_dot_and_the_latest_is_marked() {
    let clock = berlin();
    let picture = pressure(&clock, 40).picture(&light());
    assert_eq!((marks(&picture, "dot"), marks(&picture, "latest")), (39, 1));
    assert_eq!(marks(&picture, "band"), 4);
    let one = pressure(&clock, 1).picture(&light());
    assert_eq!((marks(&one, "dot"), marks(&one, "latest")), (0, 1));
    let latest = "latest: 145/93 mmHg, 1 Nov 2026 03:54";
    assert!(texts(&picture).contains(&latest.to_owned()), "{:?}", texts(&picture));
}

#[test]
fn of_very_many_readings_some_are_drawn_and_the_picture_says_so() {
    let clock = berlin();
    let picture = pressure(&clock, 5000).picture(&light());
    assert!((500..=600).contains(&marks(&picture, "dot")), "{}", marks(&picture, "dot"));
    assert!(texts(&picture).iter().any(|text| text.ends_with("1 in 9 drawn")));
    assert!(texts(&picture).iter().any(|text| text.starts_with("latest: ")));
}

#[test]
fn a_day_without_data_is_hatched_and_a_day_of_no_steps_is_a_mark_on_the_axis() {
    let picture = steps(&berlin()).picture(&light());
    assert_eq!(
        (marks(&picture, "bar"), marks(&picture, "gap"), marks(&picture, "mean")),
        (12, 2, 1)
    );
    let document = Document::parse(picture.svg()).unwrap();
    let bars = document.descendants().filter(|node| node.attribute("class") == Some("bar"));
    let heights: Vec<f64> = bars.map(|bar| number(bar, "height")).collect();
    assert!((heights[11] - 6.0).abs() < 0.11, "zero: {heights:?}");
    assert!((heights[10] / heights[0] - 2.5).abs() < 0.01, "10,000 to 4,000: {heights:?}");
    assert!(texts(&picture).iter().any(|text| text == "12 of 14 days with data"));
    assert!(texts(&picture).iter().any(|text| text == "mean 6,543"));
}

#[test]
fn each_stretch_of_sleep_lies_at_its_local_time_also_when_clocks_change() {
    let clock = berlin();
    let picture = sleep(&clock).picture(&light());
    assert_eq!((marks(&picture, "stretch"), marks(&picture, "gap")), (12 * 8, 2));
    // Clocks went back at 03:00 of that night: ten hours passed between 22:00 and 07:00.
    let evening = date(2026, 10, 24);
    let stretch = Stretch {
        start: "2026-10-24T20:00:00Z".parse().unwrap(),
        end: "2026-10-25T06:00:00Z".parse().unwrap(),
        stage: Stage::Asleep,
    };
    let about = About { clock: &clock, days: Days::new(evening, evening).unwrap(), readings: 1 };
    let nights = vec![Night { evening, stretches: vec![stretch] }];
    let picture = SleepTimeline { about, nights }.picture(&light());
    let document = Document::parse(picture.svg()).unwrap();
    let of = |class: &str| {
        document.descendants().find(|node| node.attribute("class") == Some(class)).unwrap()
    };
    let hour = (number(of("axis"), "x2") - number(of("axis"), "x1")) / 18.0;
    assert!(
        (number(of("stretch"), "width") / hour - 9.0).abs() < 0.01,
        "22:00 to 07:00 by the clock"
    );
    let said = "the earliest begins at 22:00, the latest ends at 07:00.";
    assert!(picture.alt().ends_with(said), "{}", picture.alt());
}

#[test]
fn sleep_outside_evening_to_noon_is_not_drawn() {
    let clock = berlin();
    let stretch = |from, to| Stretch {
        start: at(&clock, 0, from),
        end: at(&clock, 0, to),
        stage: Stage::Asleep,
    };
    let nights =
        vec![Night { evening: FIRST, stretches: vec![stretch(13.0, 14.0), stretch(37.0, 38.0)] }];
    let picture = SleepTimeline { about: about(&clock), nights }.picture(&light());
    assert_eq!(marks(&picture, "stretch"), 0);
}

#[test]
fn each_day_of_a_window_is_a_cell_and_days_outside_differ_from_days_without_readings() {
    let clock = berlin();
    // From Sunday 1 to Saturday 28 November: five weeks from Monday to Sunday.
    let picture = coverage(&clock, 28).picture(&light());
    assert_eq!(
        ["day", "gap", "outside", "number"].map(|class| marks(&picture, class)),
        [23, 5, 7, 23]
    );
    let year = coverage(&clock, 300).picture(&light());
    assert_eq!(["day", "gap", "number"].map(|class| marks(&year, class)), [240, 60, 0]);
    let long = coverage(&clock, 1000).picture(&light());
    assert_eq!(marks(&long, "day") + marks(&long, "gap"), 365);
    assert!(texts(&long).iter().any(|text| text.contains("the latest 365 days drawn")));
}

#[test]
fn each_point_of_a_trend_is_a_dot_and_medians_are_joined_but_over_gaps() {
    let clock = berlin();
    let medians = trend(&clock, TrendMarks::DailyMedians).picture(&light());
    assert_eq!(["dot", "run", "fitted"].map(|class| marks(&medians, class)), [12, 2, 1]);
    let readings = trend(&clock, TrendMarks::Readings).picture(&light());
    assert_eq!(["dot", "run", "fitted"].map(|class| marks(&readings, class)), [12, 0, 1]);
}

#[test]
fn the_order_of_readings_never_matters_and_the_same_input_gives_the_same_bytes() {
    let clock = berlin();
    assert_eq!(gallery(&light()), gallery(&light()));
    let png = |picture: Picture| (picture.png(400).unwrap(), picture);
    let (mut scatter, mut series) = (pressure(&clock, 40), trend(&clock, TrendMarks::DailyMedians));
    let (mut nights, mut bins) = (sleep(&clock), profile(&clock));
    let forth = (png(scatter.picture(&light())), png(series.picture(&light())));
    let also = (nights.picture(&light()), bins.picture(&light()));
    scatter.points.reverse();
    series.points.reverse();
    nights.nights.reverse();
    bins.bins.reverse();
    assert_eq!(forth, (png(scatter.picture(&light())), png(series.picture(&light()))));
    assert_eq!(also, (nights.picture(&light()), bins.picture(&light())));
}

#[test]
fn a_png_is_as_wide_as_asked_for_opaque_and_small() {
    let [light, dark] = looks();
    let wide = gallery(&light).into_iter().map(|picture| (picture, 1000_u32));
    let narrow = gallery(&dark).into_iter().map(|picture| (picture, 400));
    for (picture, width) in wide.chain(narrow) {
        let svg = Document::parse(picture.svg()).unwrap();
        let natural = number(svg.root_element(), "height");
        let png = picture.png(width).unwrap();
        assert!(png.len() < 100_000, "{} {}", picture.alt(), png.len());
        let pixels = Pixmap::decode_png(&png).unwrap();
        let high = (natural * f64::from(width) / 1000.0).ceil();
        assert_eq!((pixels.width(), f64::from(pixels.height())), (width, high));
        assert!(pixels.data().iter().skip(3).step_by(4).all(|alpha| *alpha == 255));
    }
}

#[test]
fn a_picture_that_nobody_could_read_or_would_need_is_refused() {
    let picture = ranges(&berlin()).picture(&light());
    for width in [0, 199, 2001, u32::MAX] {
        assert_eq!(picture.png(width), Err(PictureError::Width), "{width}");
    }
    assert!(picture.png(2000).is_ok());
}

#[test]
fn of_long_windows_the_latest_days_are_drawn_and_figures_of_the_whole_are_called_so() {
    let clock = berlin();
    let about = About { days: days(200), ..about(&clock) };
    let counted = (0..200).map(|n| (day(n), 5000.0)).collect();
    let picture = DailySteps { about, days: counted, mean: Some(5000.0) }.picture(&light());
    assert_eq!((marks(&picture, "bar"), marks(&picture, "gap")), (92, 0));
    let written = texts(&picture).join(" | ");
    for words in ["200 of 200 days with data", "the latest 92 days drawn", "mean of all days 5,000"]
    {
        assert!(written.contains(words), "{words} in {written}");
    }
    let long = SleepTimeline { about, ..sleep(&clock) }.picture(&light());
    assert_eq!(
        (marks(&long, "stretch"), marks(&long, "nothing")),
        (0, 1),
        "all nights are earlier"
    );
}
