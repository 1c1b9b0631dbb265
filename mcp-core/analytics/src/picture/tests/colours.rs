//! Contrasts of WCAG 2.2, and what is left of colours for eyes that see fewer.

use crate::picture::theme::{Colour, Palette, Theme};

/// A colour as light, 0 to 1 for each of red, green, blue.
fn linear(colour: Colour) -> [f64; 3] {
    [colour.0, colour.1, colour.2].map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    })
}

/// WCAG 2.2, relative luminance and contrast ratio.
fn contrast(one: Colour, other: Colour) -> f64 {
    let luminance = |colour| {
        let [red, green, blue] = linear(colour);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (one, other): (f64, f64) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

type Matrix = [[f64; 3]; 3];

/// Machado, Oliveira and Fernandes, A Physiologically-based Model for Simulation of Color Vision
/// Deficiency (2009), severity 1.0: for linear light.
const EYES: [(&str, Matrix); 4] = [
    ("all", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

fn times(matrix: Matrix, light: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(light).map(|(factor, part)| factor * part).sum())
}

/// CIE 1976 L*a*b* of light as these eyes see it, under D65.
fn seen(colour: Colour, eyes: Matrix) -> [f64; 3] {
    const TO_XYZ: Matrix = [
        [0.412_456, 0.357_576, 0.180_437],
        [0.212_673, 0.715_152, 0.072_175],
        [0.019_334, 0.119_192, 0.950_304],
    ];
    let light = times(eyes, linear(colour)).map(|part| part.clamp(0.0, 1.0));
    let [x, y, z] = times(TO_XYZ, light);
    let root = |part: f64| {
        if part > 0.008_856 { part.cbrt() } else { 7.787 * part + 16.0 / 116.0 }
    };
    let (x, y, z) = (root(x / 0.950_47), root(y), root(z / 1.088_83));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// How different two colours look to these eyes; about 2.3 is just noticed.
fn distance(one: Colour, other: Colour, eyes: Matrix) -> f64 {
    let (one, other) = (seen(one, eyes), seen(other, eyes));
    one.iter().zip(other).map(|(one, other)| (one - other).powi(2)).sum::<f64>().sqrt()
}

fn palettes() -> [(&'static str, &'static Palette); 2] {
    [Theme::Light, Theme::Dark].map(|theme| (theme.name(), theme.palette()))
}

fn at_least(least: f64, ratio: f64, pair: &str) {
    assert!(ratio >= least, "{pair}: {ratio:.2} is less than {least}");
}

#[test]
fn black_on_white_has_the_contrast_that_wcag_says() {
    let ratio = contrast(Colour(0, 0, 0), Colour(255, 255, 255));
    assert!((ratio - 21.0).abs() < 1e-9);
}

#[test]
fn every_text_has_a_contrast_of_four_and_a_half() {
    for (theme, palette) in palettes() {
        let check = |text, ground, pair: &str| {
            at_least(4.5, contrast(text, ground), &format!("{theme} {pair}"));
        };
        check(palette.ink, palette.ground, "ink");
        check(palette.soft, palette.ground, "soft");
        palette.grounds.iter().for_each(|ground| check(palette.ink, *ground, "names of bands"));
        let numbers = palette.on_shades.iter().zip(palette.shades);
        numbers.for_each(|(text, shade)| check(*text, shade, "numbers of days"));
    }
}

#[test]
fn every_mark_has_a_contrast_of_three_with_what_is_below_and_beside_it() {
    for (theme, palette) in palettes() {
        let check = |mark, beside, pair: &str| {
            at_least(3.0, contrast(mark, beside), &format!("{theme} {pair}"));
        };
        let marks = [palette.rule, palette.hatch, palette.mark, palette.second, palette.target];
        let of_lists = palette.bands.iter().chain(&palette.stages);
        // Bands and stages border on the ground: gaps and heights keep them apart.
        marks.iter().chain(of_lists).for_each(|mark| check(*mark, palette.ground, "on the ground"));
        for below in [palette.inner, palette.outer, palette.target_ground] {
            check(palette.mark, below, "median");
            check(palette.target, below, "limit of the target");
        }
        for ground in palette.grounds {
            check(palette.mark, ground, "dots");
            check(palette.soft, ground, "edges of bands");
        }
        // The mark of the latest has a rim of the ground, with which it contrasts.
        check(palette.second, palette.ground, "latest");
    }
}

#[test]
fn neighbours_stay_apart_for_colour_blind_eyes() {
    for (eyes, matrix) in EYES {
        let whole: f64 = matrix.iter().flatten().sum();
        assert!((whole - 3.0).abs() < 1e-4, "{eyes}: white stays white");
        for (theme, palette) in palettes() {
            let check = |colours: &[Colour], least: f64, what: &str| {
                for pair in colours.windows(2) {
                    let apart = distance(pair[0], pair[1], matrix);
                    at_least(
                        least,
                        apart,
                        &format!("{theme} {eyes} {what} {} {}", pair[0], pair[1]),
                    );
                }
            };
            check(&palette.bands, 14.0, "bands");
            check(&palette.stages, 14.0, "stages");
            check(&palette.shades, 14.0, "shades");
            // Tints, which edges and names tell apart too.
            check(&palette.grounds, 5.0, "grounds");
            check(&[palette.mark, palette.second], 40.0, "latest and others");
            let dreaming = palette.stages[2];
            check(&[palette.stages[0], dreaming, palette.stages[3]], 14.0, "stages that may meet");
        }
    }
}

#[test]
fn shades_grow_steadily_from_few_to_many() {
    for (theme, palette) in palettes() {
        let contrasts = palette.shades.map(|shade| contrast(shade, palette.ground));
        assert!(contrasts.windows(2).all(|pair| pair[1] > 1.4 * pair[0]), "{theme} {contrasts:?}");
    }
}
