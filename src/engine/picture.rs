//! Pictures of groups: made small before they leave this computer, and taken for anything when they come in.

use std::{io::Cursor, sync::Arc};

use image::{DynamicImage, ImageDecoder, ImageReader, Limits, codecs::jpeg::JpegEncoder, imageops::FilterType};
use sha2::{Digest, Sha256};

use crate::protocol::{api::PICTURE_SCHEME, limits};

/// Width and height of what is sent, pixels.
const SENT_SIDE: u32 = 256;
/// Width and height of what is shown, pixels: enough for the largest place at twice the usual density.
const SHOWN_SIDE: u32 = 160;
/// Sides of a foreign picture at most, pixels.
const FOREIGN_SIDE_MAX: u32 = 1_024;
/// Sides of a file of the person in front at most, pixels, and what decoding it may take of memory.
const OWN_SIDE_MAX: u32 = 16_384;
const OWN_ALLOC_MAX: u64 = 512 * 1024 * 1024;
/// Tried one after the other until the picture is small enough.
const QUALITIES: [u8; 4] = [88, 75, 55, 30];

/// A square picture, ready to be drawn. Two are the same if their bytes at the server are.
#[derive(Clone)]
pub struct Picture {
    url: Arc<str>,
    side: u32,
    rgba: Arc<[u8]>,
}

impl Picture {
    /// Where it is at the server: a name that no other picture has.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its width and height, pixels.
    pub fn side(&self) -> u32 {
        self.side
    }

    /// Its pixels: red, green, blue, alpha; row by row.
    pub fn rgba(&self) -> &[u8] {
        &self.rgba
    }

    /// Reads what a server sent. `None` if it is not what the address says, no picture, or a huge one.
    pub(super) fn decode(url: &str, bytes: &[u8]) -> Option<Self> {
        if address(bytes) != url {
            return None;
        }
        let mut limits = Limits::default();
        limits.max_image_width = Some(FOREIGN_SIDE_MAX);
        limits.max_image_height = Some(FOREIGN_SIDE_MAX);
        Some(Self::of(url, &read(bytes, limits)?))
    }

    fn of(url: &str, image: &DynamicImage) -> Self {
        let square = image.resize_to_fill(SHOWN_SIDE, SHOWN_SIDE, FilterType::Triangle).into_rgba8();
        Self { url: url.into(), side: SHOWN_SIDE, rgba: square.into_raw().into() }
    }
}

impl PartialEq for Picture {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Eq for Picture {}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({})", self.url)
    }
}

/// A picture that the person in front has chosen, as it will be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    jpeg: Arc<[u8]>,
    shown: Picture,
}

impl Prepared {
    /// Makes a small square of a PNG or JPEG file; `None` if it is none. Takes a moment with a large one: not for a
    /// thread that draws.
    pub fn from_file(bytes: &[u8]) -> Option<Self> {
        let mut limits = Limits::default();
        limits.max_image_width = Some(OWN_SIDE_MAX);
        limits.max_image_height = Some(OWN_SIDE_MAX);
        limits.max_alloc = Some(OWN_ALLOC_MAX);
        let image = read(bytes, limits)?;
        let square = on_white(&image.resize_to_fill(SENT_SIDE, SENT_SIDE, FilterType::Triangle));
        let jpeg = QUALITIES.into_iter().find_map(|quality| {
            let mut jpeg = Vec::new();
            square.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, quality)).ok()?;
            (jpeg.len() <= limits::PICTURE_MAX_BYTES).then_some(jpeg)
        })?;
        let shown = Picture::of(&address(&jpeg), &square);
        Some(Self { jpeg: jpeg.into(), shown })
    }

    /// As it will look.
    pub fn shown(&self) -> &Picture {
        &self.shown
    }

    /// What is sent.
    pub(super) fn jpeg(&self) -> &[u8] {
        &self.jpeg
    }
}

fn address(bytes: &[u8]) -> String {
    let hash: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{PICTURE_SCHEME}{hash}")
}

/// Decodes a PNG or JPEG, the right way up.
fn read(bytes: &[u8], limits: Limits) -> Option<DynamicImage> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let orientation = decoder.orientation().ok()?;
    let mut image = DynamicImage::from_decoder(decoder).ok()?;
    image.apply_orientation(orientation);
    Some(image)
}

/// JPEG knows no transparency: what is behind is white, as on paper.
fn on_white(image: &DynamicImage) -> DynamicImage {
    let mut ground = image::RgbaImage::from_pixel(image.width(), image.height(), image::Rgba([u8::MAX; 4]));
    image::imageops::overlay(&mut ground, &image.to_rgba8(), 0, 0);
    DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(ground).into_rgb8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Vec<u8> {
        let image = image::RgbaImage::from_fn(width, height, |x, y| image::Rgba(pixel(x, y)));
        let mut bytes = Vec::new();
        image.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png).expect("a PNG");
        bytes
    }

    #[test]
    fn a_file_becomes_a_small_square_of_its_middle() {
        let wide = png(900, 300, |x, _| if (300..600).contains(&x) { [0, 200, 0, 255] } else { [200, 0, 0, 255] });
        let prepared = Prepared::from_file(&wide).expect("a picture");
        assert!(prepared.jpeg().len() <= limits::PICTURE_MAX_BYTES);
        let back = Picture::decode(prepared.shown().url(), prepared.jpeg()).expect("readable");
        assert_eq!((&back, back.side()), (prepared.shown(), SHOWN_SIDE));
        for place in [0, back.rgba().len() / 2, back.rgba().len() - 4] {
            let pixel = &back.rgba()[place..place + 3];
            assert!(pixel[0] < 40 && pixel[1] > 160, "the red edges are cut off: {pixel:?}");
        }
    }

    #[test]
    fn the_wildest_picture_is_made_small_enough_and_holes_are_white() {
        let mut seed = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        })
        .take(300 * 300 * 3)
        .collect();
        let wild = png(300, 300, |x, y| {
            let at = ((y * 300 + x) * 3) as usize;
            [noise[at], noise[at + 1], noise[at + 2], 255]
        });
        assert!(Prepared::from_file(&wild).expect("a picture").jpeg().len() <= limits::PICTURE_MAX_BYTES);
        let hole = Prepared::from_file(&png(10, 10, |_, _| [0; 4])).expect("a picture");
        assert!(hole.shown().rgba().iter().all(|value| *value > 250));
    }

    #[test]
    fn what_is_no_picture_or_another_one_is_not_shown() {
        let huge = png(FOREIGN_SIDE_MAX + 1, 1, |_, _| [0, 0, 0, 255]);
        let small = png(2, 2, |_, _| [0, 0, 0, 255]);
        assert!(Picture::decode(&address(&small), &small).is_some());
        assert_eq!(Picture::decode(&address(&huge), &huge), None);
        assert_eq!(Picture::decode(&address(b"other"), &small), None);
        for broken in [&b""[..], b"GIF89a", b"\xff\xd8\xff\xe0", &small[..small.len() / 2]] {
            assert_eq!(Picture::decode(&address(broken), broken), None);
            assert_eq!(Prepared::from_file(broken), None);
        }
    }
}
