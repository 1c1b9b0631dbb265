//! What is written: what is shown, of when, where and how many; legible, inert, and nobody's name.

use resvg::usvg::{Group, Node, Rect};

use super::*;
use crate::picture::{letters, raster};

/// Where the texts of a picture stand once they are drawn.
fn boxes(group: &Group, found: &mut Vec<(String, Rect)>) {
    for node in group.children() {
        match node {
            Node::Group(inner) => boxes(inner, found),
            Node::Text(text) => {
                let words = text.chunks().iter().map(resvg::usvg::TextChunk::text).collect();
                found.push((words, text.flattened().abs_bounding_box()));
            }
            Node::Path(_) | Node::Image(_) => {}
        }
    }
}

/// That every text is inside the picture and none touches another.
fn is_tidy(picture: &Picture) {
    let tree = raster::tree(picture.svg()).unwrap();
    let mut found = Vec::new();
    boxes(tree.root(), &mut found);
    let drawn = texts(picture).into_iter().filter(|text| !text.is_empty()).count();
    assert_eq!(found.len(), drawn, "every text is drawn");
    let size = tree.size();
    for (at, (words, place)) in found.iter().enumerate() {
        let is_inside = place.left() >= 4.0
            && place.top() >= 4.0
            && place.right() <= size.width() - 4.0
            && place.bottom() <= size.height() - 4.0;
        assert!(is_inside, "{words:?} is cut off in {}: {place:?}", picture.alt());
        for (others, other) in &found[..at] {
            let is_apart = place.right() <= other.left()
                || other.right() <= place.left()
                || place.bottom() <= other.top()
                || other.bottom() <= place.top();
            assert!(is_apart, "{words:?} and {others:?} overlap in {}", picture.alt());
        }
    }
}

#[test]
fn no_text_is_cut_off_and_none_touches_another() {
    let clock = berlin();
    for look in looks() {
        gallery(&look).iter().for_each(is_tidy);
    }
    for length in [1, 2, 6, 7, 8, 13, 29, 60, 63, 64, 91, 92, 120, 200, 366, 400, 3000, 30_000] {
        let about = About { days: days(length), ..about(&clock) };
        is_tidy(&coverage(&clock, length.min(3000)).picture(&light()));
        is_tidy(&DailySteps { about, ..steps(&clock) }.picture(&light()));
        is_tidy(&SleepTimeline { about, ..sleep(&clock) }.picture(&light()));
        is_tidy(&Trend { about, ..trend(&clock, TrendMarks::Readings) }.picture(&light()));
    }
}

#[test]
fn long_words_are_cut_and_still_touch_nothing() {
    let clock = Clock::named("America/Argentina/ComodRivadavia").unwrap();
    let long = "WWWW mmmm ".repeat(40);
    let look = Look { theme: Theme::Light, caption: Some(long.clone()) };
    let mut bar = ranges(&clock);
    for range in &mut bar.ranges {
        (range.name, range.limits, range.target) = (long.clone(), long.clone(), Some(long.clone()));
    }
    is_tidy(&bar.picture(&look));
    let mut scatter = pressure(&clock, 3);
    scatter.scheme = long.clone();
    scatter.bands.iter_mut().for_each(|band| band.name.clone_from(&long));
    is_tidy(&scatter.picture(&look));
    is_tidy(&CoverageCalendar { title: long.clone(), ..coverage(&clock, 28) }.picture(&look));
    let mut series = trend(&clock, TrendMarks::Readings);
    (series.title, series.unit) = (long.clone(), long.clone());
    series.line.as_mut().unwrap().words = long;
    is_tidy(&series.picture(&look));
}

#[test]
fn every_picture_says_when_where_and_how_many_and_axes_say_their_zone_or_unit() {
    for picture in gallery(&light()) {
        let written = texts(&picture).join(" | ");
        for word in ["2026", "Europe/Berlin", "n = 1,293 readings"] {
            assert!(written.contains(word), "{word} in {written}");
            assert!(picture.alt().contains(word), "{word} in {}", picture.alt());
        }
        assert!(picture.alt().ends_with('.') && !picture.alt().contains('\n'), "{}", picture.alt());
        assert!(picture.svg().contains("<desc>") && picture.svg().contains("<title>"));
    }
}

#[test]
fn axes_say_their_unit_or_zone() {
    let clock = berlin();
    let units = |picture: Picture| {
        let document = Document::parse(picture.svg()).unwrap();
        let units = document.descendants().filter(|node| node.attribute("class") == Some("unit"));
        units.map(|node| node.text().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let look = light();
    assert_eq!(
        units(profile(&clock).picture(&look)),
        ["mg/dL", "local time of day, Europe/Berlin"]
    );
    assert_eq!(units(pressure(&clock, 9).picture(&look)), ["systolic, mmHg", "diastolic, mmHg"]);
    assert_eq!(units(steps(&clock).picture(&look)), ["steps", "local day, Europe/Berlin"]);
    assert_eq!(units(ranges(&clock).picture(&look)), ["share of readings"]);
    assert_eq!(units(sleep(&clock).picture(&look)), ["night from", "local time, Europe/Berlin"]);
    assert_eq!(units(coverage(&clock, 9).picture(&look)), ["local days, Europe/Berlin"]);
    let medians = trend(&clock, TrendMarks::DailyMedians);
    assert_eq!(units(medians.picture(&look)), ["kg", "local day, Europe/Berlin"]);
}

#[test]
fn limits_of_the_target_are_labelled_in_the_unit_of_the_profile() {
    let clock = berlin();
    let written = texts(&profile(&clock).picture(&light()));
    for label in ["70", "180", "target 70–180 mg/dL", "04:00", "24:00"] {
        assert!(written.iter().any(|text| text == label), "{label} in {written:?}");
    }
    let mut moles = profile(&clock);
    moles.unit = GlucoseUnit::MmolPerL;
    moles.target = (3.9, 10.0);
    for bin in &mut moles.bins {
        (bin.p5, bin.p25, bin.p50, bin.p75, bin.p95) = (3.5, 5.0, 6.0, 9.0, 13.0);
    }
    let written = texts(&moles.picture(&light()));
    assert!(written.iter().any(|text| text == "3.9") && written.iter().any(|text| text == "10.0"));
}

#[test]
fn only_a_caption_names_anybody_and_it_is_no_markup() {
    let clock = berlin();
    let caption = "<script>alert('a')</script> & \"b\" \u{202e}\u{0}\u{200b}]]>";
    let look = Look { theme: Theme::Light, caption: Some(caption.to_owned()) };
    let picture = profile(&clock).picture(&look);
    assert_eq!(texts(&picture)[0], "<script>alert('a')</script> & \"b\" ]]>");
    assert_eq!(marks(&picture, "caption"), 1);
    assert!(!picture.alt().contains("script"), "the words beside a picture name nobody either");
    assert_eq!(marks(&profile(&clock).picture(&light()), "caption"), 0);
    let blank = Look { theme: Theme::Light, caption: Some("\u{200b} \n".to_owned()) };
    assert_eq!(marks(&profile(&clock).picture(&blank), "caption"), 0);
}

#[test]
fn a_picture_is_inert() {
    let clock = berlin();
    let evil = "\"/><image href='http://evil.example/x'/><script>x</script>&xxe;";
    let look = Look { theme: Theme::Dark, caption: Some(evil.to_owned()) };
    let mut series = trend(&clock, TrendMarks::Readings);
    (series.title, series.unit) = (evil.to_owned(), evil.to_owned());
    let mut pictures = gallery(&look);
    pictures.push(series.picture(&look));
    let elements = [
        "svg", "title", "desc", "defs", "pattern", "rect", "circle", "line", "polyline", "polygon",
        "text",
    ];
    let attributes = [
        "class",
        "cx",
        "cy",
        "fill",
        "font-family",
        "font-size",
        "height",
        "id",
        "patternTransform",
        "patternUnits",
        "points",
        "r",
        "role",
        "stroke",
        "stroke-dasharray",
        "stroke-width",
        "text-anchor",
        "viewBox",
        "width",
        "x",
        "x1",
        "x2",
        "y",
        "y1",
        "y2",
    ];
    for picture in pictures {
        let document = Document::parse(picture.svg()).unwrap();
        for element in document.descendants().filter(Element::is_element) {
            assert!(elements.contains(&element.tag_name().name()), "{element:?}");
            for attribute in element.attributes() {
                assert!(attributes.contains(&attribute.name()), "{attribute:?}");
                let value = attribute.value();
                assert!(!value.contains("url(") || value == "url(#hatch-dark)", "{value}");
            }
        }
    }
}

#[test]
fn a_text_is_one_bounded_line_of_letters_that_are_seen() {
    assert_eq!(letters::clean(" a\n\tb \u{202e}c\u{feff} "), "a b c");
    let long = letters::clean(&"x".repeat(500));
    assert_eq!((long.chars().count(), long.ends_with('…')), (120, true));
    assert_eq!(letters::escaped("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
    assert!(letters::width(&letters::fitted(&"m".repeat(90), 28.0, 200.0), 28.0) <= 200.0);
}

#[test]
fn a_number_has_thousands_apart_and_a_true_minus_but_no_minus_zero() {
    assert_eq!(letters::number(1_234_567.0, 0), "1,234,567");
    assert_eq!(letters::number(-1234.56, 1), "\u{2212}1,234.6");
    assert_eq!(letters::number(-0.01, 1), "0.0");
    assert_eq!(letters::number(999.0, 0), "999");
}

#[test]
fn widths_are_those_of_the_renderer() {
    let text = "Ambulatory glucose 70–180 mg/dL";
    let svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="2000" height="50"><text y="40" font-size="28" font-family="{}">{text}</text></svg>"#,
        letters::FAMILIES
    );
    let mut found = Vec::new();
    boxes(raster::tree(&svg).unwrap().root(), &mut found);
    let drawn = f64::from(found[0].1.width());
    assert!((letters::width(text, 28.0) / drawn - 1.0).abs() < 0.02, "{drawn}");
}
