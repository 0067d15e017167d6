use super::*;

fn parse(text: &str) -> Result<Config, Error> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("agent.toml");
    std::fs::write(&path, text).unwrap();
    let config = Config::load(&path)?;
    config.validate()?;
    Ok(config)
}

fn problem(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn sample_file_is_a_valid_configuration() {
    let config = parse(include_str!("../../sightline-agent.toml")).unwrap();
    assert_eq!(config.cameras.len(), 2);
    assert_eq!(config.cameras[1].transport, Transport::Udp);
}

#[test]
fn address_of_the_cloud_may_leave_out_the_port_and_be_ipv6() {
    let address = |cloud: &str| {
        let config = Config {
            cloud: cloud.into(),
            ..Config::default()
        };
        config
            .cloud_address()
            .ok()
            .map(|a| (a, config.portal_address().unwrap()))
    };
    let of = |host: &str, port, portal: &str| Some(((host.to_owned(), port), portal.to_owned()));
    assert_eq!(
        address("a.example"),
        of("a.example", 8444, "https://a.example:8443")
    );
    assert_eq!(
        address("a.example:443"),
        of("a.example", 443, "https://a.example:8443")
    );
    assert_eq!(address("[::1]:99"), of("::1", 99, "https://[::1]:8443"));
    for wrong in ["", "https://a", "a:b", "a:99999", "user@a", "a/b"] {
        assert_eq!(address(wrong), None, "{wrong}");
    }
}

#[test]
fn user_and_password_leave_the_address_of_a_stream() {
    let url = RtspUrl::try_from("rtsp://us%40er:p%2Fw@10.0.0.2:554/s?x=1".to_owned()).unwrap();
    assert_eq!(url.address().as_str(), "rtsp://10.0.0.2:554/s?x=1");
    let camera = Camera::new("a".into(), url);
    let (user, password) = camera.login(&camera.main).unwrap().unwrap();
    assert_eq!((user.as_str(), password.reveal()), ("us@er", "p/w"));
}

#[test]
fn password_file_is_read_without_its_line_break() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("password");
    std::fs::write(&path, "s e c\n").unwrap();
    let mut camera = Camera::new(
        "a".into(),
        RtspUrl::try_from("rtsp://h/".to_owned()).unwrap(),
    );
    (camera.user, camera.password_file) = (Some("u".into()), Some(path));
    let (_, password) = camera.login(&camera.main).unwrap().unwrap();
    assert_eq!(password.reveal(), "s e c");
}

#[test]
fn no_error_and_no_debug_output_repeats_a_password() {
    let camera = |fields: &str| {
        format!("cloud = \"c\"\n[[camera]]\nname = \"a\"\nmain = \"rtsp://h/\"\n{fields}\n")
    };
    for text in [
        camera("user = \"u\"\npasswort = \"hunter2\""),
        camera("user = \"u\"\npassword = \"hunter2"),
        camera("password = \"hunter2\""),
        camera("sub = \"http://u:hunter2@h/\""),
        camera("sub = \"rtsps://u:hunter2@h/\""),
        camera("user = \"u\"\npassword = 77712345"),
    ] {
        let problem = problem(&text);
        assert!(
            !problem.contains("hunter2") && !problem.contains("777"),
            "{problem}"
        );
    }
    let config = parse(&camera("sub = \"rtsp://u:hunter2@h/\"")).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn error_names_the_line_and_the_camera() {
    let text = "cloud = \"c\"\n\n[[camera]]\nname = \"a\"\nmain = \"rtsp://h/\"\ntransprot = 1\n";
    let problem_of_field = problem(text);
    assert!(problem_of_field.contains("line 6"), "{problem_of_field}");
    assert!(problem_of_field.contains("transprot"), "{problem_of_field}");
    let text = "cloud = \"c\"\n[[camera]]\nname = \"Door\"\nmain = \"rtsp://h/\"\nuser = \"u\"\n";
    let problem_of_value = problem(text);
    assert!(problem_of_value.contains("\"Door\""), "{problem_of_value}");
}

#[test]
fn agent_without_cameras_is_refused() {
    assert!(problem("cloud = \"c\"\n").contains("demo = true"));
    assert!(parse("cloud = \"c\"\ndemo = true\n").is_ok());
}

#[test]
fn time_zone_must_be_one_that_the_cloud_knows() {
    let parsed = |zone: &str| {
        parse(&format!(
            "cloud = \"c\"\ndemo = true\ntime_zone = \"{zone}\""
        ))
    };
    let config = parsed("Europe/Berlin").unwrap();
    assert_eq!(config.time_zone.as_deref(), Some("Europe/Berlin"));
    for wrong in ["", "Mars/Olympus", "CET-1CEST", "+02:00", "Etc/Unknown"] {
        let problem = parsed(wrong).unwrap_err().to_string();
        assert!(
            problem.contains("time_zone: write the IANA name"),
            "{problem}"
        );
    }
}
