//! Colours, light and dark: hues that stay apart for colour-blind eyes, with the contrasts that
//! WCAG 2.2 (1.4.3 text, 1.4.11 graphics) asks for. No meaning rests on a colour alone.

use std::fmt;

/// Whether a picture is drawn on white or on near-black.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Theme {
    /// Dark on white.
    #[default]
    Light,
    /// Light on near-black.
    Dark,
}

/// An opaque colour of sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour(pub(super) u8, pub(super) u8, pub(super) u8);

impl fmt::Display for Colour {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// A colour from its six hexadecimal digits.
const fn colour(rgb: u32) -> Colour {
    let [_, red, green, blue] = rgb.to_be_bytes();
    Colour(red, green, blue)
}

/// What each colour is for.
#[derive(Debug)]
pub(super) struct Palette {
    /// Below everything.
    pub(super) ground: Colour,
    /// Titles and values.
    pub(super) ink: Colour,
    /// Everything else that is read.
    pub(super) soft: Colour,
    /// Axes and edges.
    pub(super) rule: Colour,
    /// The grid: only decoration.
    pub(super) grid: Colour,
    /// Hatching of what has no data.
    pub(super) hatch: Colour,
    /// The main marks.
    pub(super) mark: Colour,
    /// The inner half of a distribution.
    pub(super) inner: Colour,
    /// The outer parts of a distribution.
    pub(super) outer: Colour,
    /// A second line, or the one mark that matters most.
    pub(super) second: Colour,
    /// Limits of a target.
    pub(super) target: Colour,
    /// The ground inside a target.
    pub(super) target_ground: Colour,
    /// Five bands from very low to very high.
    pub(super) bands: [Colour; 5],
    /// Grounds of ordered categories, best first; written upon in `ink`.
    pub(super) grounds: [Colour; 7],
    /// Stages of sleep: deep, light, dreaming, awake, and asleep in a stage not told.
    pub(super) stages: [Colour; 5],
    /// Few to many.
    pub(super) shades: [Colour; 4],
    /// What is written upon each shade.
    pub(super) on_shades: [Colour; 4],
}

impl Theme {
    pub(super) const fn palette(self) -> &'static Palette {
        match self {
            Self::Light => &LIGHT,
            Self::Dark => &DARK,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

const LIGHT: Palette = Palette {
    ground: colour(0xff_ff_ff),
    ink: colour(0x1a_1c_1f),
    soft: colour(0x4d_52_5a),
    rule: colour(0x6e_74_7d),
    grid: colour(0xdd_e0_e5),
    hatch: colour(0x7c_82_8b),
    mark: colour(0x00_5f_9e),
    inner: colour(0x7f_b6_dd),
    outer: colour(0xd3_e6_f4),
    second: colour(0xb8_46_00),
    target: colour(0x00_61_46),
    target_ground: colour(0xe6_f4_ee),
    bands: [
        colour(0x00_37_66),
        colour(0x2f_86_cf),
        colour(0x00_7f_5c),
        colour(0xc9_81_00),
        colour(0x8c_2c_00),
    ],
    grounds: [
        colour(0xe3_f2_ec),
        colour(0xf3_f3_d3),
        colour(0xfb_e6_bf),
        colour(0xf8_d0_ac),
        colour(0xee_ba_a6),
        colour(0xe6_b4_c0),
        colour(0xcb_ae_d6),
    ],
    stages: [
        colour(0x00_37_66),
        colour(0x2f_86_cf),
        colour(0x00_7f_5c),
        colour(0xb8_46_00),
        colour(0x00_5f_9e),
    ],
    shades: [colour(0xcf_e3_f3), colour(0x8c_bd_e2), colour(0x29_74_b4), colour(0x00_3f_73)],
    on_shades: [colour(0x1a_1c_1f), colour(0x1a_1c_1f), colour(0xff_ff_ff), colour(0xff_ff_ff)],
};

const DARK: Palette = Palette {
    ground: colour(0x15_18_1d),
    ink: colour(0xf1_f3_f5),
    soft: colour(0xb9_c0_c9),
    rule: colour(0x8a_92_9c),
    grid: colour(0x34_39_41),
    hatch: colour(0x7d_85_8f),
    mark: colour(0x6a_bb_f2),
    inner: colour(0x2b_60_88),
    outer: colour(0x1e_3b_52),
    second: colour(0xff_9a_52),
    target: colour(0x3f_c9_9a),
    target_ground: colour(0x17_2c_27),
    bands: [
        colour(0xbc_dd_ff),
        colour(0x3f_93_e0),
        colour(0x2f_b5_8a),
        colour(0xf4_c2_54),
        colour(0xe0_62_22),
    ],
    grounds: [
        colour(0x11_33_2c),
        colour(0x2c_34_0e),
        colour(0x4c_40_0c),
        colour(0x73_53_1c),
        colour(0x75_2c_1c),
        colour(0x5e_1c_38),
        colour(0x4c_2a_66),
    ],
    stages: [
        colour(0xbc_dd_ff),
        colour(0x3f_93_e0),
        colour(0x2f_b5_8a),
        colour(0xff_9a_52),
        colour(0x6a_bb_f2),
    ],
    shades: [colour(0x1f_3d_56), colour(0x2b_65_92), colour(0x5a_a5_dc), colour(0xc4_e2_fa)],
    on_shades: [colour(0xf1_f3_f5), colour(0xff_ff_ff), colour(0x0f_11_15), colour(0x0f_11_15)],
};
