//! Scenarios: stories of who may do what and when, in files that a person can read.
//!
//! This holds their form and the meaning of their words, and replays nothing. What is wrong with a
//! file is a panic that names it, since only tests read them. Start reading at [`Scenario`], beside
//! one of the files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use serde::Deserialize;
use sightline_domain::access::{
    Hours, Interval, Minute, Permission, Permissions, Schedule, Terms, zone,
};

/// A file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows.
    pub scenario: String,
    /// IANA zone of every time in the file.
    pub zone: String,
    /// Names of those who have an account.
    pub people: Vec<String>,
    /// Devices, claimed.
    pub devices: Vec<Device>,
    /// Other resources than devices and layouts: names by kind.
    #[serde(default)]
    pub resources: BTreeMap<KindName, Vec<String>>,
    /// Layouts, each with what is placed on it.
    #[serde(default)]
    pub layouts: BTreeMap<String, Vec<String>>,
    /// Groups, each with its members: people and groups.
    #[serde(default)]
    pub groups: BTreeMap<String, Vec<String>>,
    /// What is given at the start, by name.
    #[serde(default)]
    pub grants: BTreeMap<String, Grant>,
    /// What happens and what is true, in the order of time.
    pub steps: Vec<Step>,
}

/// A device.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its name.
    pub name: String,
    /// Who has claimed it.
    pub owner: String,
    /// IANA zone in which its hours count; the one of the file when left out.
    pub zone: Option<String>,
    /// How many channels it has, numbered from 1.
    #[serde(default)]
    pub channels: u32,
}

/// A kind of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum KindName {
    /// A recorder or a camera.
    #[serde(rename = "device")]
    Device,
    /// A video input of a device.
    #[serde(rename = "channel")]
    Channel,
    /// Inputs and outputs.
    #[serde(rename = "I/O module")]
    IoModule,
    /// A page of the web.
    #[serde(rename = "web page")]
    WebPage,
    /// A page of another system.
    #[serde(rename = "integration")]
    Integration,
    /// The state of a server.
    #[serde(rename = "health monitor")]
    HealthMonitor,
    /// Resources shown together.
    #[serde(rename = "layout")]
    Layout,
    /// Layouts on screens.
    #[serde(rename = "video wall")]
    VideoWall,
}

/// A permission, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// Live pictures.
    #[serde(rename = "view live")]
    ViewLive,
    /// Recordings.
    #[serde(rename = "view archive")]
    ViewArchive,
    /// Recordings as files.
    #[serde(rename = "export archive")]
    ExportArchive,
    /// Bookmarks.
    #[serde(rename = "view bookmarks")]
    ViewBookmarks,
    /// Making bookmarks.
    #[serde(rename = "manage bookmarks")]
    ManageBookmarks,
    /// PTZ, soft triggers, two-way audio.
    #[serde(rename = "user input")]
    UserInput,
    /// Settings.
    #[serde(rename = "edit settings")]
    EditSettings,
    /// Push notifications.
    Notifications,
    /// Sound of what may be seen.
    Sound,
}

/// What is given of a device by a share, or of a resource by a grant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// Without what they include.
    pub rights: Vec<Right>,
    /// Such as `10:00-17:59`, both minutes included; none: the whole day.
    #[serde(default)]
    pub hours: Vec<String>,
    /// Such as `Mon`; none: every day.
    #[serde(default)]
    pub days: Vec<String>,
    /// Numbers; none: all.
    #[serde(default)]
    pub channels: BTreeSet<u32>,
    /// When it ends by itself.
    pub ends: Option<String>,
}

/// An offer of a device by its owner.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// What the file calls the share.
    pub name: String,
    /// The device.
    pub device: String,
    /// The recipient.
    pub with: String,
    /// What it gives.
    pub gives: Given,
}

/// A grant of a site.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// A person or a group.
    pub to: String,
    /// A resource.
    pub on: String,
    /// What it gives.
    pub gives: Given,
}

/// One line of the story: something happens, or something is true of somebody, or both.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// When, such as `Mon 2026-11-23 09:59:59`, with an offset where the clock shows the same time
    /// twice. Left out: as before.
    pub at: Option<String>,
    /// What happens.
    pub change: Option<Change>,
    /// The change is refused with a message that has these words in it.
    pub refused: Option<String>,
    /// Of whom the rest speaks.
    pub who: Option<String>,
    /// Of what; the only device when left out.
    pub on: Option<String>,
    /// Which channel of the device; the whole device when left out.
    pub channel: Option<u32>,
    /// What is allowed, among others.
    pub can: Vec<Right>,
    /// What is not allowed, among others.
    pub cannot: Vec<Right>,
    /// All that is allowed.
    pub only: Option<Vec<Right>>,
    /// When a grant comes or goes next, until when the answer holds; `for good`: never.
    pub until: Option<String>,
    /// All ways by which somebody has a permission.
    pub because: BTreeMap<Right, Vec<String>>,
    /// Numbers of resources on the headings of kinds; 0 for what is left out.
    pub columns: BTreeMap<KindName, BTreeMap<Right, usize>>,
    /// With a change: all that it takes away, by resource.
    pub loses: BTreeMap<String, Vec<Right>>,
    /// With a change: all that it gives, by resource.
    pub gains: BTreeMap<String, Vec<Right>>,
}

/// What happens.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// The owner offers a device.
    Share(Offer),
    /// The recipient accepts the share of this name.
    Accept(String),
    /// The recipient declines it.
    Decline(String),
    /// The owner gives something else by it.
    Edit {
        /// The share.
        share: String,
        /// All that it gives from now on.
        gives: Given,
    },
    /// The owner ends it.
    Revoke(String),
    /// The owner deletes the device from their account.
    Delete(String),
    /// Somebody claims a device that nobody owns.
    Claim {
        /// The device.
        device: String,
        /// The new owner.
        by: String,
    },
    /// Somebody or a group becomes a member of a group.
    Join {
        /// A person or a group.
        member: String,
        /// The group.
        group: String,
    },
    /// A membership ends.
    Leave {
        /// A person or a group.
        member: String,
        /// The group.
        group: String,
    },
    /// Something is placed on a layout.
    Place {
        /// The resource.
        what: String,
        /// The layout.
        layout: String,
    },
    /// Something is taken off a layout.
    TakeOff {
        /// The resource.
        what: String,
        /// The layout.
        layout: String,
    },
    /// A grant of a site is made.
    Grant {
        /// Its name.
        name: String,
        /// The grant.
        grant: Grant,
    },
    /// The grant of this name ends.
    Withdraw(String),
    /// A device gets another tariff.
    Tariff {
        /// The device.
        device: String,
        /// All that anybody may still do.
        leaves: Vec<Right>,
    },
}

impl Scenario {
    /// Every file of a folder, by name, in order.
    ///
    /// # Panics
    /// On a file that is no scenario.
    #[must_use]
    pub fn folder(folder: &Path) -> Vec<(String, Self)> {
        let entries = std::fs::read_dir(folder).expect("the folder of scenarios");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
        paths.sort();
        let read = |path: &Path| {
            let text = std::fs::read_to_string(path).expect("a text");
            let name = path.file_name().expect("a name").to_string_lossy();
            match serde_saphyr::from_str(&text) {
                Ok(scenario) => (name.into_owned(), scenario),
                Err(error) => panic!("{}: {error}", path.display()),
            }
        };
        paths.iter().map(|path| read(path)).collect()
    }

    /// The moment of a time such as `Mon 2026-11-23 09:59:59`.
    ///
    /// # Panics
    /// When the weekday is wrong, or the clock shows it twice or never and there is no offset.
    #[must_use]
    pub fn moment(&self, text: &str) -> Timestamp {
        let words: Vec<_> = text.split(' ').collect();
        let (day, date, time) = (words[0], words[1], words[2]);
        let local: DateTime = format!("{date}T{time}").parse().expect(text);
        assert_eq!(local.strftime("%a").to_string(), day, "weekday of {text}");
        match words.get(3) {
            Some(offset) => format!("{date}T{time}{offset}").parse().expect(text),
            None => {
                let zone = named_zone(&self.zone);
                let moment = zone.to_ambiguous_timestamp(local);
                moment.unambiguous().expect(text)
            }
        }
    }

    /// The zone of a device.
    ///
    /// # Panics
    /// When there is no such zone.
    #[must_use]
    pub fn zone_of(&self, device: &Device) -> TimeZone {
        named_zone(device.zone.as_ref().unwrap_or(&self.zone))
    }

    /// What something gives, as the model has it.
    ///
    /// # Panics
    /// On hours and days that are none.
    #[must_use]
    pub fn terms(&self, given: &Given) -> Terms {
        let schedule = if given.hours.is_empty() && given.days.is_empty() {
            Schedule::Always
        } else {
            let intervals = given.hours.iter().map(|text| interval(text)).collect();
            let days = Weekday::Monday.cycle_forward().take(7);
            let named = |day: &Weekday| {
                given.days.is_empty() || given.days.iter().any(|name| is_named(*day, name))
            };
            let days: Vec<_> = days.filter(named).collect();
            assert!(days.len() >= given.days.len(), "days {:?}", given.days);
            Schedule::Weekly(Hours::new(intervals, days.into_iter().collect()).expect("hours"))
        };
        Terms {
            permissions: permissions(&given.rights),
            schedule,
            channels: given.channels.clone(),
            ends_at: given.ends.as_ref().map(|end| self.moment(end)),
        }
    }
}

impl From<Right> for Permission {
    fn from(right: Right) -> Self {
        match right {
            Right::ViewLive => Self::ViewLive,
            Right::ViewArchive => Self::ViewArchive,
            Right::ExportArchive => Self::ExportArchive,
            Right::ViewBookmarks => Self::ViewBookmarks,
            Right::ManageBookmarks => Self::ManageBookmarks,
            Right::UserInput => Self::UserInput,
            Right::EditSettings => Self::EditSettings,
            Right::Notifications => Self::Notifications,
            Right::Sound => Self::Sound,
        }
    }
}

/// Rights as a set of permissions.
#[must_use]
pub fn permissions(rights: &[Right]) -> Permissions {
    rights
        .iter()
        .map(|right| Permission::from(*right))
        .collect()
}

/// A permission in the words of the files.
#[must_use]
pub fn words(permission: Permission) -> &'static str {
    match permission {
        Permission::ViewLive => "view live",
        Permission::ViewArchive => "view archive",
        Permission::ExportArchive => "export archive",
        Permission::ViewBookmarks => "view bookmarks",
        Permission::ManageBookmarks => "manage bookmarks",
        Permission::UserInput => "user input",
        Permission::EditSettings => "edit settings",
        Permission::Notifications => "notifications",
        Permission::Sound => "sound",
    }
}

fn named_zone(name: &str) -> TimeZone {
    zone::named(name).expect("a zone of the database")
}

fn is_named(day: Weekday, name: &str) -> bool {
    let known = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let offset = usize::try_from(day.to_monday_zero_offset());
    offset.is_ok_and(|offset| known[offset] == name)
}

fn interval(text: &str) -> Interval {
    let (from, to) = text.split_once('-').expect("from-to");
    let minute = |text: &str| {
        let (hour, minute) = text.split_once(':').expect("hours:minutes");
        let number = |text: &str| text.parse::<u32>().expect("a number");
        Minute::new(number(hour) * 60 + number(minute)).expect("a minute of a day")
    };
    Interval {
        from: minute(from),
        to: minute(to),
    }
}
