//! Who may do what: grants, and the rights that follow from them.
//!
//! Rights are the union of grants. Nothing takes a right away but the end of the grant that gave
//! it, so adding a grant never removes a right. There is no deny.
//!
//! Start reading at [`permission`], then [`schedule`] and [`device`], which is what an edge decides
//! with. [`site`] is the whole model, with groups and layouts.

pub mod device;
pub mod explain;
pub mod permission;
pub mod resource;
pub mod schedule;
pub mod site;
pub mod terms;
pub mod zone;

pub use device::{DeviceGrants, Grant, GrantSource, Rights};
pub use explain::{Path, PathSource};
pub use permission::{Permission, Permissions};
pub use resource::{GlobalPermission, Kind, Resource};
pub use schedule::{Hours, Interval, Minute, Schedule, Weekdays};
pub use site::{Device, Explanation, InvalidSite, Site, SiteGrant, SitePath, Subject};
pub use terms::Terms;
