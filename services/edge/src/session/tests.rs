use crate::rig::{self, Device, until};

#[test]
fn device_that_never_says_what_it_is_is_not_owned_afterwards() {
    rig::run(async |rig| {
        let mute = Device {
            is_mute: true,
            ..Device::new()
        };
        let id = mute.id;
        let _connected = rig.connect(mute).await;
        until(async || rig.owner(id).await.is_some()).await;
        until(async || rig.owner(id).await.is_none()).await;
    });
}

#[test]
fn device_that_is_cut_before_it_says_what_it_is_is_not_owned_afterwards() {
    rig::run(async |rig| {
        let mute = Device {
            is_mute: true,
            ..Device::new()
        };
        let id = mute.id;
        let connected = rig.connect(mute).await;
        until(async || rig.owner(id).await.is_some()).await;
        drop(connected);
        until(async || rig.owner(id).await.is_none()).await;
    });
}
