//! What a camera writes over its picture: its name and the time.

use std::convert::Infallible;

use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle, iso_8859_5};
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::prelude::Drawable;
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::picture::{NEUTRAL, Picture, WHITE};

/// Luma of the outline that keeps the letters readable over a bright picture.
const OUTLINE: u8 = 20;

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
        let font = if picture.width >= 1000 {
            &iso_8859_5::FONT_10X20
        } else {
            &iso_8859_5::FONT_7X13_BOLD
        };
        let margin = picture.width as i32 / 64;
        let (right, bottom) = (
            picture.width as i32 - margin,
            picture.height as i32 - margin,
        );
        write(
            picture,
            font,
            &self.clock(at_us),
            Point::new(right, margin),
            true,
        );
        write(picture, font, &self.name, Point::new(margin, bottom), false);
    }

    /// Date and time of day to the tenth of a second, in the camera's zone.
    fn clock(&self, at_us: i64) -> String {
        let at = Timestamp::from_microsecond(at_us).unwrap_or(Timestamp::UNIX_EPOCH);
        let local = self.zone.to_datetime(at);
        let tenth = local.subsec_nanosecond() / 100_000_000;
        format!(
            "{} {:02}:{:02}:{:02}.{tenth}",
            local.date(),
            local.hour(),
            local.minute(),
            local.second()
        )
    }
}

/// Writes a line whose nearest corner of the picture is at `corner`.
fn write(picture: &mut Picture, font: &MonoFont<'_>, line: &str, corner: Point, top_right: bool) {
    let place = if top_right {
        TextStyleBuilder::new()
            .alignment(Alignment::Right)
            .baseline(Baseline::Top)
            .build()
    } else {
        TextStyleBuilder::new()
            .alignment(Alignment::Left)
            .baseline(Baseline::Bottom)
            .build()
    };
    let ink = MonoTextStyle::new(font, BinaryColor::On);
    let text = Text::with_text_style(line, corner, ink, place);
    for outline in [true, false] {
        let Ok(_) = text.draw(&mut Pen {
            picture: &mut *picture,
            outline,
        });
    }
}

/// Draws glyphs into luma, or a pixel around them.
struct Pen<'a> {
    picture: &'a mut Picture,
    outline: bool,
}

impl Pen<'_> {
    fn dot(&mut self, x: i32, y: i32, luma: u8) {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else {
            return;
        };
        let picture = &mut *self.picture;
        if x < picture.width && y < picture.height {
            picture.y[y * picture.width + x] = luma;
            let block = (y / 2) * (picture.width / 2) + x / 2;
            picture.u[block] = NEUTRAL;
            picture.v[block] = NEUTRAL;
        }
    }
}

impl OriginDimensions for Pen<'_> {
    fn size(&self) -> Size {
        Size::new(self.picture.width as u32, self.picture.height as u32)
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
                for (dx, dy) in [
                    (-1, 0),
                    (1, 0),
                    (0, -1),
                    (0, 1),
                    (1, 1),
                    (-1, -1),
                    (1, -1),
                    (-1, 1),
                ] {
                    self.dot(at.x + dx, at.y + dy, OUTLINE);
                }
            } else {
                self.dot(at.x, at.y, WHITE);
            }
        }
        Ok(())
    }
}
