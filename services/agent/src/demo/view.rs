//! What one camera sees, as pictures.

use std::sync::{Arc, OnceLock};

use jiff::tz::TimeZone;

use super::osd::Osd;
use super::picture::Picture;
use super::render::stage::Stage;
use super::render::still::Still;
use super::scenes::{ALL, Scene};
use super::{Error, Quality, SCENES, scenes};

/// JPEG quality of snapshots: no visible loss on these pictures, about 150 kB for the main stream.
const SNAPSHOT_QUALITY: u8 = 85;

/// What one quality is.
pub(super) struct Format {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Microseconds between pictures; divides the time between key frames.
    pub(super) interval_us: i64,
}

impl Quality {
    pub(super) fn format(self) -> Format {
        match self {
            Self::Main => Format {
                width: 1280,
                height: 720,
                interval_us: 50_000,
            },
            Self::Sub => Format {
                width: 640,
                height: 360,
                interval_us: 80_000,
            },
        }
    }
}

/// What does not move, traced when it is first looked at and kept: tracing takes a second or two,
/// and a snapshot or a new viewer should not.
static STILLS: [[OnceLock<Arc<Still>>; 2]; SCENES] =
    [const { [const { OnceLock::new() }; 2] }; SCENES];

fn still(scene: usize, quality: Quality) -> Arc<Still> {
    Arc::clone(STILLS[scene][quality as usize].get_or_init(|| trace(scene, quality)))
}

fn trace(scene: usize, quality: Quality) -> Arc<Still> {
    let Format { width, height, .. } = quality.format();
    Arc::new(Still::new((ALL[scene].place)(), width, height))
}

/// Does now what the first picture of this camera in this quality would wait for, up to seconds on
/// a small machine. Meant for a thread of low priority: a viewer who comes in between does not wait
/// for it, but traces on its own.
///
/// # Errors
/// [`Error::NoScene`].
pub fn prepare(scene: usize, quality: Quality) -> Result<(), Error> {
    let stills = STILLS.get(scene).ok_or(Error::NoScene(scene))?;
    let still = &stills[quality as usize];
    if still.get().is_none() {
        // A viewer who was faster has the same picture.
        let _ = still.set(trace(scene, quality));
    }
    Ok(())
}

/// A JPEG of what this camera shows at `at_us`, microseconds since the Unix epoch; its clock shows
/// the time in `zone`.
///
/// # Errors
/// [`Error::NoScene`]; also when the JPEG encoder fails.
pub fn snapshot(
    scene: usize,
    quality: Quality,
    zone: TimeZone,
    at_us: i64,
) -> Result<Vec<u8>, Error> {
    let mut view = View::open(scene, quality, zone)?;
    Ok(view.draw(at_us).jpeg(SNAPSHOT_QUALITY)?)
}

/// The pictures of one camera, each drawn over the one before.
pub(super) struct View {
    osd: Osd,
    picture: Picture,
    scene: Scene,
    stage: Stage,
}

impl View {
    pub(super) fn open(scene: usize, quality: Quality, zone: TimeZone) -> Result<Self, Error> {
        let info = scenes().get(scene).copied().ok_or(Error::NoScene(scene))?;
        let format = quality.format();
        Ok(Self {
            osd: Osd::new(info.name, zone),
            picture: Picture::new(format.width, format.height),
            scene: ALL[scene],
            stage: Stage::new(still(scene, quality)),
        })
    }

    /// The newest picture; black before the first one.
    pub(super) fn picture(&self) -> &Picture {
        &self.picture
    }

    /// The picture of this moment, microseconds since the Unix epoch.
    pub(super) fn draw(&mut self, at_us: i64) -> &Picture {
        (self.scene.draw)(&mut self.stage, &mut self.picture, at_us as f64 / 1e6);
        self.osd.draw(&mut self.picture, at_us);
        &self.picture
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_picture_of_a_prepared_camera_is_not_traced_again() {
        prepare(1, Quality::Sub).unwrap();
        let prepared = STILLS[1][Quality::Sub as usize].get().cloned().unwrap();
        assert!(Arc::ptr_eq(&prepared, &still(1, Quality::Sub)));
        prepare(1, Quality::Sub).unwrap();
        assert!(Arc::ptr_eq(&prepared, &still(1, Quality::Sub)));
    }
}
