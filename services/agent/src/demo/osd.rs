//! What a camera writes over its picture: its name and the time.

use std::convert::Infallible;

use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::iso_8859_5::FONT_8X13_BOLD;
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::prelude::Drawable;
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyle, TextStyleBuilder};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::picture::{NEUTRAL, Picture, WHITE};

/// Luma of the outline that keeps the letters readable over a bright picture.
const OUTLINE: u8 = 20;
/// Width of a picture in which a dot of the font is one pixel.
const DOTS: usize = 640;
/// Distance of the text from the picture's edges, dots.
const MARGIN: i32 = 9;

/// Name and clock of one camera.
#[derive(Debug)]
pub(super) struct Osd {
    name: String,
    zone: TimeZone,
}

impl Osd {
    pub(super) fn new(name: &str, zone: TimeZone) -> Self {
        Self {
            name: name.to_owned(),
            zone,
        }
    }

    /// Writes the clock into the top right corner and the name into the bottom left one, as seen
    /// at `at_us`, microseconds since the Unix epoch.
    pub(super) fn draw(&self, picture: &mut Picture, at_us: i64) {
        let pen = Pen {
            scale: (picture.width / DOTS).max(1),
            picture,
            outline: true,
        };
        let Size { width, height } = pen.size();
        let clock = TextStyleBuilder::new()
            .alignment(Alignment::Right)
            .baseline(Baseline::Top);
        let name = TextStyleBuilder::new()
            .alignment(Alignment::Left)
            .baseline(Baseline::Bottom);
        let top_right = Point::new(width as i32 - MARGIN, MARGIN);
        let bottom_left = Point::new(MARGIN, height as i32 - MARGIN);
        pen.write(&[
            (self.clock(at_us).as_str(), top_right, clock.build()),
            (self.name.as_str(), bottom_left, name.build()),
        ]);
    }

    /// Date and time of day to the tenth of a second, in the camera's zone.
    fn clock(&self, at_us: i64) -> String {
        let at = Timestamp::from_microsecond(at_us).unwrap_or(Timestamp::UNIX_EPOCH);
        let local = self.zone.to_datetime(at);
        let (hour, minute, second) = (local.hour(), local.minute(), local.second());
        let tenth = local.subsec_nanosecond() / 100_000_000;
        format!("{} {hour:02}:{minute:02}:{second:02}.{tenth}", local.date())
    }
}

/// Draws glyphs, or what surrounds them; its points are dots of the font.
struct Pen<'a> {
    picture: &'a mut Picture,
    /// Pixels per dot, both ways.
    scale: usize,
    outline: bool,
}

impl Pen<'_> {
    fn write(mut self, lines: &[(&str, Point, TextStyle)]) {
        let ink = MonoTextStyle::new(&FONT_8X13_BOLD, BinaryColor::On);
        for outline in [true, false] {
            self.outline = outline;
            for &(line, at, style) in lines {
                let Ok(_) = Text::with_text_style(line, at, ink, style).draw(&mut self);
            }
        }
    }

    /// Fills a square of pixels, `wider` than the dot at each side.
    fn dot(&mut self, dot: Point, wider: usize, luma: u8) {
        let (Ok(x), Ok(y)) = (usize::try_from(dot.x), usize::try_from(dot.y)) else {
            return;
        };
        let picture = &mut *self.picture;
        let columns = (x * self.scale).saturating_sub(wider)
            ..((x + 1) * self.scale + wider).min(picture.width);
        let rows = (y * self.scale).saturating_sub(wider)
            ..((y + 1) * self.scale + wider).min(picture.height);
        for y in rows {
            for x in columns.clone() {
                picture.y[y * picture.width + x] = luma;
                let block = (y / 2) * (picture.width / 2) + x / 2;
                picture.u[block] = NEUTRAL;
                picture.v[block] = NEUTRAL;
            }
        }
    }
}

impl OriginDimensions for Pen<'_> {
    fn size(&self) -> Size {
        let dots = |pixels: usize| (pixels / self.scale) as u32;
        Size::new(dots(self.picture.width), dots(self.picture.height))
    }
}

impl DrawTarget for Pen<'_> {
    type Color = BinaryColor;
    type Error = Infallible;

    fn draw_iter<I>(&mut self, pixels: I) -> Result<(), Infallible>
    where
        I: IntoIterator<Item = Pixel<BinaryColor>>,
    {
        for Pixel(at, _) in pixels {
            if self.outline {
                self.dot(at, 1, OUTLINE);
            } else {
                self.dot(at, 0, WHITE);
            }
        }
        Ok(())
    }
}
