use super::*;

/// A stream with a writer, whose response has begun.
fn with_writer(id: u32) -> Windows {
    let mut windows = Windows::new();
    windows.opens(id).unwrap();
    windows.accept(id);
    windows.attach_writer(id);
    windows.respond(id);
    windows
}

#[test]
fn h2_hears_everything_as_long_as_there_is_no_writer() {
    let mut windows = Windows::new();
    windows.opens(1).unwrap();
    windows.accept(1);
    windows.spend(1, 100);
    assert_eq!(windows.update(0, 70_000), Ok(Update::Pass));
    assert_eq!(windows.update(1, 70_000), Ok(Update::Pass));
    assert_eq!(windows.connection(), 65_535 - 100 + 70_000);
}

#[test]
fn h2_is_given_back_what_it_spent_and_no_more() {
    let mut windows = with_writer(1);
    windows.send(1, 50_000);
    windows.spend(3, 1000);
    assert_eq!(windows.update(0, 600), Ok(Update::Lower(600)));
    assert_eq!(windows.update(0, 50_000), Ok(Update::Lower(400)));
    assert_eq!(windows.update(0, 400), Ok(Update::Lower(0)));
    assert_eq!(windows.connection(), 65_535);
    assert_eq!(windows.update(1, 50_000), Ok(Update::Lower(0)));
    assert_eq!(windows.update(3, 1000), Ok(Update::Pass), "of h2's stream");
}

#[test]
fn writer_has_the_room_of_its_stream_and_of_the_connection() {
    let mut windows = with_writer(1);
    assert_eq!(windows.room(1), Some(65_535));
    windows.set(SETTING_INITIAL_WINDOW, 1000);
    assert_eq!(windows.room(1), Some(1000));
    windows.send(1, 700);
    assert_eq!(windows.room(1), Some(300));
    // Taken back by the client: nothing may be sent until there is more.
    windows.set(SETTING_INITIAL_WINDOW, 100);
    assert_eq!(windows.room(1), Some(0));
    windows.update(1, 601).unwrap();
    assert_eq!(windows.room(1), Some(1));
    windows.update(1, 1_000_000).unwrap();
    assert_eq!(windows.room(1), Some(65_535 - 700));
}

#[test]
fn what_came_for_a_stream_before_its_writer_counts() {
    let mut windows = Windows::new();
    windows.set(SETTING_INITIAL_WINDOW, 0);
    windows.opens(1).unwrap();
    assert_eq!(windows.update(1, 500), Ok(Update::Pass));
    windows.accept(1);
    windows.attach_writer(1);
    windows.respond(1);
    assert_eq!(windows.room(1), Some(500));
}

#[test]
fn writer_waits_for_the_head_of_its_response() {
    let mut windows = Windows::new();
    windows.opens(1).unwrap();
    windows.accept(1);
    windows.attach_writer(1);
    assert_eq!(windows.room(1), Some(0));
    windows.respond(1);
    assert_eq!(windows.room(1), Some(65_535));
    windows.finish(1);
    assert_eq!(windows.room(1), None);
}

#[test]
fn window_beyond_its_limit_is_a_violation() {
    let most = u32::try_from(WINDOW_BYTES_MAX).unwrap();
    let mut windows = with_writer(1);
    assert_eq!(windows.update(0, most), Err(Violation::Window));
    let mut windows = with_writer(1);
    assert_eq!(windows.update(1, most), Err(Violation::Window));
    // h2 finds it by itself.
    let mut windows = Windows::new();
    assert_eq!(windows.update(0, most), Ok(Update::Pass));
    assert_eq!(with_writer(1).update(0, 0), Ok(Update::Pass));
}

#[test]
fn h2_goes_on_with_the_smallest_frames() {
    let mut windows = Windows::new();
    assert_eq!(windows.set(SETTING_MAX_FRAME, 1 << 20), FRAME_BYTES_MIN);
    assert_eq!(windows.frame_bytes_max(), 1 << 20);
    for wrong in [FRAME_BYTES_MIN - 1, 1 << 24] {
        assert_eq!(windows.set(SETTING_MAX_FRAME, wrong), wrong);
        assert_eq!(windows.frame_bytes_max(), 1 << 20);
    }
}

#[test]
fn requests_that_h2_refused_are_forgotten() {
    let mut windows = Windows::new();
    for id in [1, 3, 5, 7] {
        windows.opens(id).unwrap();
    }
    windows.accept(1);
    windows.accept(5);
    windows.opens(5).unwrap();
    let known: Vec<u32> = windows.streams.iter().map(|stream| stream.id).collect();
    assert_eq!(known, [1, 5, 7]);
}

#[test]
fn streams_that_are_known_have_a_bound() {
    let mut windows = Windows::new();
    let ids = (1..).step_by(2).take(STREAMS_MAX);
    let last = ids.clone().last().unwrap();
    for id in ids {
        windows.opens(id).unwrap();
    }
    assert_eq!(windows.opens(last + 2), Err(Violation::Streams));
}
