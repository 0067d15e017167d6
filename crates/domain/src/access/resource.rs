//! What permissions are given on.

use std::fmt;

use super::permission::{Permission, Permissions};
use crate::CloudId;

/// What can be allowed across a whole site, not on a resource of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GlobalPermission {
    /// Reading the event log.
    ViewEventLog,
    /// Making event rules, and raising events.
    GenerateEvents,
    /// Figures of the health of devices and servers.
    ViewMetrics,
}

impl GlobalPermission {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ViewEventLog, Self::GenerateEvents, Self::ViewMetrics];
}

/// Sorts of resources, each a heading in the table of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A recorder or a camera.
    Device,
    /// A video input of a device.
    Channel,
    /// Inputs and outputs without pictures.
    IoModule,
    /// A page of the web.
    WebPage,
    /// A page of another system.
    Integration,
    /// The state of a server.
    HealthMonitor,
    /// Resources that are shown together.
    Layout,
    /// Layouts on several screens.
    VideoWall,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Device,
        Self::Channel,
        Self::IoModule,
        Self::WebPage,
        Self::Integration,
        Self::HealthMonitor,
        Self::Layout,
        Self::VideoWall,
    ];

    /// The permissions that make sense on it. A layout carries all of them to what is placed on it.
    #[must_use]
    pub fn offers(self) -> Permissions {
        match self {
            Self::Device | Self::Channel | Self::Layout => Permissions::ALL,
            Self::IoModule => [
                Permission::ViewLive,
                Permission::UserInput,
                Permission::EditSettings,
                Permission::Notifications,
            ]
            .into_iter()
            .collect(),
            Self::WebPage | Self::Integration | Self::HealthMonitor => Permission::ViewLive.into(),
            Self::VideoWall => Permission::EditSettings.into(),
        }
    }

    /// Whether it can be placed on a layout.
    #[must_use]
    pub const fn is_placeable(self) -> bool {
        !matches!(self, Self::Layout | Self::VideoWall)
    }
}

/// Something that permissions are given on. What is not a device has an ID that its site gave it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// A whole device, with all its channels now and later.
    Device(CloudId),
    /// One channel of a device, by its number from 1.
    Channel(CloudId, u32),
    /// An I/O module.
    IoModule(String),
    /// A web page.
    WebPage(String),
    /// An integration.
    Integration(String),
    /// A health monitor.
    HealthMonitor(String),
    /// A layout.
    Layout(String),
    /// A video wall.
    VideoWall(String),
}

impl Resource {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Device(_) => Kind::Device,
            Self::Channel(..) => Kind::Channel,
            Self::IoModule(_) => Kind::IoModule,
            Self::WebPage(_) => Kind::WebPage,
            Self::Integration(_) => Kind::Integration,
            Self::HealthMonitor(_) => Kind::HealthMonitor,
            Self::Layout(_) => Kind::Layout,
            Self::VideoWall(_) => Kind::VideoWall,
        }
    }

    /// The device that it is, or is a part of.
    #[must_use]
    pub const fn device(&self) -> Option<&CloudId> {
        match self {
            Self::Device(device) | Self::Channel(device, _) => Some(device),
            _ => None,
        }
    }

    /// The number, when it is a channel.
    #[must_use]
    pub const fn channel(&self) -> Option<u32> {
        match self {
            Self::Channel(_, number) => Some(*number),
            _ => None,
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(device) => write!(f, "device {device}"),
            Self::Channel(device, number) => write!(f, "channel {number} of device {device}"),
            Self::IoModule(id) => write!(f, "I/O module {id}"),
            Self::WebPage(id) => write!(f, "web page {id}"),
            Self::Integration(id) => write!(f, "integration {id}"),
            Self::HealthMonitor(id) => write!(f, "health monitor {id}"),
            Self::Layout(id) => write!(f, "layout {id}"),
            Self::VideoWall(id) => write!(f, "video wall {id}"),
        }
    }
}
