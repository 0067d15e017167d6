//! All things that do not move, sorted so that a ray finds them fast.

use super::math::{V, higher, lower};
use super::shape::Ray;
use super::thing::Thing;

/// Things in one leaf of the tree; fewer make the tree deeper without saving tests.
const LEAF: usize = 4;
/// Deepest tree. Few thousand things need about 20 levels; a tree that is deeper for some reason
/// stops being split there.
const DEPTH: usize = 48;
/// Places along each axis where a branch may be cut.
const BINS: usize = 12;

/// A bounding volume hierarchy.
#[derive(Debug)]
pub(crate) struct World {
    things: Vec<Thing>,
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    low: V,
    high: V,
    /// A leaf: its first thing. A branch: its second child; the first one follows it.
    first: u32,
    /// Things in a leaf; 0 for a branch.
    count: u32,
    /// A branch: the axis along which its first child comes before its second one.
    axis: u32,
}

/// Where a ray ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit<'a> {
    pub(crate) t: f32,
    pub(crate) normal: V,
    pub(crate) thing: &'a Thing,
}

impl World {
    pub(crate) fn new(things: Vec<Thing>) -> Self {
        let mut order: Vec<(V, V, Thing)> = things
            .into_iter()
            .map(|thing| {
                let (low, high) = thing.bounds();
                (low, high, thing)
            })
            .collect();
        let mut nodes = Vec::with_capacity(order.len());
        split(&mut nodes, &mut order, 0, 1);
        Self {
            things: order.into_iter().map(|(.., thing)| thing).collect(),
            nodes,
        }
    }

    /// The first thing on the way, before `t_max`.
    pub(crate) fn nearest(&self, ray: &Ray, t_max: f32) -> Option<Hit<'_>> {
        let mut found: Option<Hit<'_>> = None;
        self.walk(ray, t_max, |thing, t_max| {
            let (t, normal) = thing.meet(ray, t_max)?;
            found = Some(Hit { t, normal, thing });
            Some(t)
        });
        found
    }

    /// Something is on the way, before `t_max`.
    pub(crate) fn blocked(&self, ray: &Ray, t_max: f32) -> bool {
        let mut found = false;
        self.walk(ray, t_max, |thing, t_max| {
            found = thing.meet(ray, t_max).is_some();
            found.then_some(0.0)
        });
        found
    }

    /// Calls `test` for every thing whose box the ray meets before the limit, which `test` may
    /// lower by returning a new one; 0 ends the walk.
    #[inline]
    fn walk<'a>(
        &'a self,
        ray: &Ray,
        mut t_max: f32,
        mut test: impl FnMut(&'a Thing, f32) -> Option<f32>,
    ) {
        let inverse = V {
            x: 1.0 / ray.to.x,
            y: 1.0 / ray.to.y,
            z: 1.0 / ray.to.z,
        };
        let mut stack = [0usize; DEPTH];
        let mut height = usize::from(!self.nodes.is_empty());
        while height > 0 {
            height -= 1;
            let at = stack[height];
            let node = &self.nodes[at];
            if !node.met(ray.from, inverse, t_max) {
                continue;
            }
            if node.count == 0 {
                let second = node.first as usize;
                let (near, far) = if component(ray.to, node.axis as usize) >= 0.0 {
                    (at + 1, second)
                } else {
                    (second, at + 1)
                };
                stack[height] = far;
                stack[height + 1] = near;
                height += 2;
                continue;
            }
            for thing in &self.things[node.first as usize..][..node.count as usize] {
                if let Some(t) = test(thing, t_max) {
                    t_max = t;
                    if t == 0.0 {
                        return;
                    }
                }
            }
        }
    }
}

impl Node {
    #[inline]
    fn met(&self, from: V, inverse: V, t_max: f32) -> bool {
        let a = (self.low - from).times(inverse);
        let b = (self.high - from).times(inverse);
        let (near, far) = (a.min(b), a.max(b));
        let enter = higher(higher(near.x, near.y), higher(near.z, 0.0));
        enter <= lower(lower(far.x, far.y), lower(far.z, t_max))
    }
}

/// Appends the tree over `order`, which holds the things from `first` on. Each branch is cut where
/// rays are expected to test the fewest things below it (the surface area heuristic).
fn split(nodes: &mut Vec<Node>, order: &mut [(V, V, Thing)], first: usize, depth: usize) {
    let at = nodes.len();
    let Some((low, high)) = order
        .iter()
        .map(|(low, high, _)| (*low, *high))
        .reduce(with)
    else {
        return;
    };
    nodes.push(Node {
        low,
        high,
        first: first as u32,
        count: order.len() as u32,
        axis: 0,
    });
    if order.len() <= LEAF || depth == DEPTH {
        return;
    }
    let Some((axis, middle)) = cut(order, (low, high)) else {
        return;
    };
    let (left, right) = order.split_at_mut(middle);
    split(nodes, left, first, depth + 1);
    nodes[at] = Node {
        low,
        high,
        first: nodes.len() as u32,
        count: 0,
        axis: axis as u32,
    };
    split(nodes, right, first + middle, depth + 1);
}

/// Sorts the things into two groups; gives the axis and the size of the first group.
fn cut(order: &mut [(V, V, Thing)], (low, high): (V, V)) -> Option<(usize, usize)> {
    let bin = |axis: usize, thing: &(V, V, Thing)| {
        let part = (component(thing.0 + thing.1, axis) / 2.0 - component(low, axis))
            / component(high - low, axis).max(1e-6);
        ((part * BINS as f32) as usize).min(BINS - 1)
    };
    let mut best = (f32::MAX, 0, 0);
    for axis in 0..3 {
        let mut bins = [(0usize, None::<(V, V)>); BINS];
        for thing in order.iter() {
            let bin = &mut bins[bin(axis, thing)];
            let own = (thing.0, thing.1);
            *bin = (bin.0 + 1, Some(bin.1.map_or(own, |all| with(all, own))));
        }
        for border in 1..BINS {
            let cost = |bins: &[(usize, Option<(V, V)>)]| {
                let count: usize = bins.iter().map(|bin| bin.0).sum();
                let all = bins.iter().filter_map(|bin| bin.1).reduce(with);
                all.map(|(low, high)| count as f32 * surface(high - low))
            };
            if let (Some(left), Some(right)) = (cost(&bins[..border]), cost(&bins[border..]))
                && left + right < best.0
            {
                best = (left + right, axis, border);
            }
        }
    }
    let (cost, axis, border) = best;
    if cost == f32::MAX {
        return None;
    }
    order.sort_by_key(|thing| bin(axis, thing) >= border);
    Some((
        axis,
        order.partition_point(|thing| bin(axis, thing) < border),
    ))
}

fn with(a: (V, V), b: (V, V)) -> (V, V) {
    (a.0.min(b.0), a.1.max(b.1))
}

fn surface(size: V) -> f32 {
    size.x * size.y + size.y * size.z + size.z * size.x
}

fn component(of: V, axis: usize) -> f32 {
    [of.x, of.y, of.z][axis]
}
