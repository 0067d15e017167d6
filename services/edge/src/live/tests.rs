use sightline_rpc::live::v1::StreamKind;
use sightline_rpc::sharing::v1::{Interval, Permission, Schedule, Terms};

use super::*;
use crate::rig::{self, Device, Rig};

/// Terms to watch on Mondays, up to a minute of the day.
fn mondays_up_to(to_minute: u32) -> Terms {
    let interval = Interval {
        from_minute: 0,
        to_minute,
    };
    Terms {
        permissions: vec![Permission::ViewLive.into()],
        schedule: Some(Schedule {
            intervals: vec![interval],
            weekdays: vec![1],
        }),
        ..Terms::default()
    }
}

/// Connects a device, and waits until its session refuses the guest in its own knowledge.
async fn refused(rig: &Rig, why: impl Fn(&Error) -> bool) -> (rig::Connected, CloudId) {
    let device = Device::new();
    let id = device.id;
    let connected = rig.connect(device).await;
    rig::until(async || {
        let asked = connected.session.send(Admit {
            caller: rig.owner.clone(),
            channel: 1,
            stream: StreamKind::Main,
        });
        asked.await.unwrap().is_err_and(|error| why(&error))
    })
    .await;
    (connected, id)
}

async fn watch(rig: &Rig, device: CloudId) -> Result<Admission, Error> {
    let device = device.to_string();
    admit(&rig.edge, rig.owner.clone(), &device, 1, StreamKind::Main).await
}

#[test]
fn wider_hours_let_a_guest_in_before_the_session_has_heard_of_them() {
    rig::run(async |rig| {
        // The rig's time is noon of a Monday.
        rig.share(mondays_up_to(11 * 60));
        let closed = |error: &Error| matches!(error, Error::OutsideHours { .. });
        let (_connected, id) = refused(&rig, closed).await;
        assert!(matches!(
            watch(&rig, id).await,
            Err(Error::OutsideHours { .. })
        ));
        rig.share(mondays_up_to(13 * 60));
        assert!(watch(&rig, id).await.is_ok());
    });
}

#[test]
fn channels_that_were_added_let_a_guest_in_before_the_session_has_heard_of_them() {
    rig::run(async |rig| {
        let only = |channel| Terms {
            channels: vec![channel],
            ..mondays_up_to(13 * 60)
        };
        rig.share(only(2));
        let foreign = |error: &Error| matches!(error, Error::NotFound | Error::NotAllowed);
        let (_connected, id) = refused(&rig, foreign).await;
        assert!(foreign(&watch(&rig, id).await.unwrap_err()));
        rig.share(only(1));
        assert!(watch(&rig, id).await.is_ok());
    });
}
