//! One camera's place, with all that happens in it.

use std::sync::Arc;

use super::lens::Lens;
use super::math::V;
use super::moving::Tracing;
use super::shadow;
use super::still::Still;
use super::thing::Thing;
use crate::demo::picture::Picture;

/// Something that moves, as it is at one moment. It stands on the ground, y = 0.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    pub(crate) foot: V,
    pub(crate) things: Vec<Thing>,
}

impl Actor {
    pub(crate) fn new(foot: V, things: Vec<Thing>) -> Self {
        Self { foot, things }
    }
}

/// A place with what happens in it.
#[derive(Debug)]
pub(crate) struct Stage {
    still: Arc<Still>,
    /// The still picture, with what rests for now.
    pub(crate) base: Picture,
    /// How far along a pixel's ray the first thing is in it.
    pub(crate) depth: Vec<f32>,
    /// Where those stand who rest.
    resting: Vec<V>,
}

impl Stage {
    pub(crate) fn new(still: Arc<Still>) -> Self {
        let (base, depth) = (still.picture.clone(), still.depth.clone());
        Self {
            still,
            base,
            depth,
            resting: Vec::new(),
        }
    }

    pub(crate) fn lens(&self) -> &Lens {
        &self.still.place.lens
    }

    /// Starts a picture with all that stands still. `resting` are actors that do so for a while;
    /// they are only drawn anew when one of them stands elsewhere than in the picture before.
    pub(crate) fn begin(&mut self, resting: Vec<Actor>, picture: &mut Picture) {
        if !resting
            .iter()
            .map(|actor| actor.foot)
            .eq(self.resting.iter().copied())
        {
            self.resting = resting.iter().map(|actor| actor.foot).collect();
            self.base.copy_from(&self.still.picture);
            self.depth.copy_from_slice(&self.still.depth);
            for actor in self.sorted(resting) {
                shadow::cast(&self.still, &actor.things, &mut self.base);
                let tracing = Tracing::new(&self.still, &self.depth, &actor);
                tracing.paint(&mut self.base);
                let depths: Vec<(usize, f32)> = tracing.depths().collect();
                for (pixel, depth) in depths {
                    self.depth[pixel] = depth;
                }
            }
        }
        picture.copy_from(&self.base);
    }

    /// Draws those that move.
    pub(crate) fn draw(&self, actors: Vec<Actor>, picture: &mut Picture) {
        let actors = self.sorted(actors);
        for actor in &actors {
            shadow::cast(&self.still, &actor.things, picture);
        }
        for actor in &actors {
            Tracing::new(&self.still, &self.depth, actor).paint(picture);
        }
    }

    /// The farthest first.
    fn sorted(&self, mut actors: Vec<Actor>) -> Vec<Actor> {
        let eye = self.lens().eye();
        let far = |actor: &Actor| (actor.foot - eye).length();
        actors.sort_by(|a, b| far(b).total_cmp(&far(a)));
        actors
    }
}
