//! A program that knows nothing but the contracts, with a stock gRPC client: it asks what there is,
//! whether it runs, and watches.

use std::time::Duration;

use prost::Message as _;
use prost_reflect::prost_types::FileDescriptorProto;
use sightline_base::clock::SystemClock;
use sightline_loadtest::connect::Target;
use sightline_loadtest::device::Synthetic;
use sightline_loadtest::stream::{Frames, Shape};
use sightline_rpc::live::v1::live_client::LiveClient;
use sightline_rpc::live::v1::{Started, WatchRequest, WatchResponse, watch_response::Event};
use sightline_tests::{PATIENCE, Sandbox};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Streaming};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// What HTTP/2 begins with when nobody says otherwise (RFC 9113, 6.5.2): bytes on their way, and of
/// one frame.
const WINDOW_BYTES: u32 = 65_535;
const FRAME_BYTES: u32 = 16_384;

/// Asks one version of reflection for the list of services, and for the file that has `symbol`.
macro_rules! reflection {
    ($version:ident, $channel:expr, $symbol:expr) => {{
        use pb::server_reflection_request::MessageRequest;
        use pb::server_reflection_response::MessageResponse;
        use tonic_reflection::pb::$version as pb;
        let question = |message| pb::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(message),
        };
        let questions = [
            question(MessageRequest::ListServices(String::new())),
            question(MessageRequest::FileContainingSymbol($symbol.to_owned())),
        ];
        let mut client = pb::server_reflection_client::ServerReflectionClient::new($channel);
        let answers = client
            .server_reflection_info(tokio_stream::iter(questions))
            .await
            .unwrap();
        let mut answers = answers.into_inner();
        let mut names = match answers.message().await.unwrap().unwrap().message_response {
            Some(MessageResponse::ListServicesResponse(list)) => {
                list.service.into_iter().map(|s| s.name).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        };
        names.sort();
        let files = match answers.message().await.unwrap().unwrap().message_response {
            Some(MessageResponse::FileDescriptorResponse(files)) => files.file_descriptor_proto,
            other => panic!("{other:?}"),
        };
        (names, files)
    }};
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reflection_lists_the_public_services_and_describes_their_methods() {
    const WATCH: &str = "sightline.live.v1.Live.Watch";
    let sandbox = Sandbox::start().await.unwrap();
    let channel = sandbox.person("owner").await.unwrap().api.channel();
    let answers = [
        reflection!(v1, channel.clone(), WATCH),
        reflection!(v1alpha, channel, WATCH),
    ];
    for (names, files) in answers {
        let public = [
            "grpc.health.v1.Health",
            "sightline.identity.v1.Identity",
            "sightline.live.v1.Live",
            "sightline.registry.v1.Registry",
            "sightline.sharing.v1.Sharing",
        ];
        assert_eq!(names, public);
        let file = files
            .iter()
            .map(|file| FileDescriptorProto::decode(&file[..]).unwrap());
        let services = file.flat_map(|file| file.service);
        let mut methods = services.flat_map(|service| service.method);
        let watch = methods.find(|method| method.name() == "Watch").unwrap();
        assert_eq!(watch.input_type(), ".sightline.live.v1.WatchRequest");
        assert_eq!(watch.output_type(), ".sightline.live.v1.WatchResponse");
        assert!(watch.server_streaming() && !watch.client_streaming());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_is_told_of_the_server_and_of_each_service_until_it_leaves() {
    let sandbox = Sandbox::start().await.unwrap();
    let channel = sandbox.person("owner").await.unwrap().api.channel();
    let mut client = HealthClient::new(channel);
    let of = |service: &str| HealthCheckRequest {
        service: service.to_owned(),
    };
    for service in [
        "",
        "sightline.identity.v1.Identity",
        "sightline.registry.v1.Registry",
        "sightline.sharing.v1.Sharing",
        "sightline.live.v1.Live",
    ] {
        let answer = client.check(of(service)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service:?}");
    }
    let unknown = client.check(of("sightline.internal.v1.Devices")).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);

    let mut watching = client.watch(of("")).await.unwrap().into_inner();
    let mut told = async || watching.message().await.unwrap().unwrap().status();
    assert_eq!(told().await, ServingStatus::Serving);
    let (told, ()) = tokio::join!(told(), sandbox.stop());
    assert_eq!(told, ServingStatus::NotServing);
}

/// A key frame is longer than the window and than a frame of HTTP/2.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_fits_through_the_smallest_windows_of_http2_without_tls() {
    let plain = |config: &mut sightline::Config| config.tls.plain_https = true;
    let sandbox = Sandbox::with(SystemClock::shared(), plain).await.unwrap();
    let owner = sandbox.person("owner").await.unwrap();
    let device = Synthetic::new().unwrap();
    let (device, _uplink) = sandbox.device(device, &owner).await.unwrap();
    let channel = small_windows(&sandbox.target().unwrap()).await;
    let mut request = Request::new(WatchRequest {
        device_id: device.cloud_id().to_string(),
        channel: 1,
        ..WatchRequest::default()
    });
    let bearer = format!("Bearer {}", owner.token).parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    let answer = LiveClient::new(channel).watch(request).await.unwrap();
    let mut events = answer.into_inner();

    let Event::Started(Started { tracks }) = event(&mut events).await else {
        panic!("frames before their tracks");
    };
    assert_eq!(tracks.len(), 1);
    // Ten seconds; every byte of them.
    let frames = Frames::new(Shape::FOUR_MBIT);
    for n in 0..250 {
        match event(&mut events).await {
            Event::Frame(frame) => assert!(frame == frames.frame(n), "frame {n}"),
            other => panic!("instead of frame {n}: {other:?}"),
        }
    }
}

async fn event(events: &mut Streaming<WatchResponse>) -> Event {
    let message = tokio::time::timeout(PATIENCE, events.message()).await;
    message.unwrap().unwrap().unwrap().event.unwrap()
}

async fn small_windows(target: &Target) -> Channel {
    Endpoint::from_shared(format!("http://{}", target.authority()))
        .unwrap()
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES)
        .connect_timeout(Duration::from_secs(10))
        .connect()
        .await
        .unwrap()
}
