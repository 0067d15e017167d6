//! The model of rights against a naive one, written from the rules alone: a table of the minutes of a
//! week, and a walk through real time, minute by minute.
//!
//! The only thing that both share is the database of time zones, and of that only the offset at a
//! moment.

mod device;
mod schedule;
mod site;
mod walk;
