//! From SVG to pixels, with the embedded face alone.

use std::sync::{Arc, LazyLock};

use png::{BitDepth, ColorType, Compression, Encoder, EncodingError, Filter};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{Options, Tree};

use super::PictureError;
use super::letters;

/// Below this no label can be read.
pub(super) const NARROWEST: u32 = 200;
/// Above this a picture is only large.
pub(super) const WIDEST: u32 = 2000;

static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_source(Source::Binary(Arc::new(letters::face())));
    // Whatever family is asked for: there is one.
    let name = fonts.faces().next().and_then(|face| face.families.first().cloned());
    if let Some((name, _)) = name {
        fonts.set_sans_serif_family(name);
    }
    Arc::new(fonts)
});

/// Reads a picture of ours as the renderer will draw it.
pub(super) fn tree(svg: &str) -> Result<Tree, PictureError> {
    let options = Options { fontdb: Arc::clone(&FONTS), ..Options::default() };
    Tree::from_str(svg, &options).map_err(|_| PictureError::Drawing)
}

pub(super) fn png(svg: &str, width: u32) -> Result<Vec<u8>, PictureError> {
    if !(NARROWEST..=WIDEST).contains(&width) {
        return Err(PictureError::Width);
    }
    let tree = tree(svg)?;
    let natural = tree.size().to_int_size();
    let size = natural.scale_to_width(width).ok_or(PictureError::Drawing)?;
    let mut pixels = Pixmap::new(size.width(), size.height()).ok_or(PictureError::Drawing)?;
    let scale = Transform::from_scale(
        ratio(size.width(), natural.width()),
        ratio(size.height(), natural.height()),
    );
    resvg::render(&tree, scale, &mut pixels.as_mut());
    encoded(&pixels).map_err(|_| PictureError::Drawing)
}

/// Writes pixels as PNG without transparency, of which our pictures have none, and small.
fn encoded(pixels: &Pixmap) -> Result<Vec<u8>, EncodingError> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, pixels.width(), pixels.height());
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::High);
    // Even areas compress best as they are.
    encoder.set_filter(Filter::NoFilter);
    let colours: Vec<u8> = pixels
        .pixels()
        .iter()
        .flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()])
        .collect();
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&colours)?;
    writer.finish()?;
    Ok(out)
}

#[expect(clippy::cast_precision_loss, reason = "sides of pictures are a few thousand pixels")]
fn ratio(part: u32, whole: u32) -> f32 {
    part as f32 / whole as f32
}
