#!/usr/bin/python3
"""A camera for tests: an RTSP server that makes its pictures and sound itself.

Prints `port N` once it serves, and ends when its standard input does, so that it never outlives
the test that started it. All clients of a mount get the same encoded frames, as from a camera.

    rtspd.py [--port N] [--user U --password P] [--size WxH] [--fps N] [--gop N] [--tone HZ]
             [--clip FILE --codecs h264+aac|h264+pcmu|h264+pcma|h265]

Mounts: /h264aac /h264pcmu /h264pcma /h264 /h265 /h264b (B pictures) /mjpeg /aac (no picture)
        /unheard (H.264, and AAC that is announced and never sent)
        /hushed (H.264, and AAC that ends after eight seconds)
        /noise (H.264 at a steady 2 Mbit/s)
        /clip (the pictures of --clip as they are, from its beginning for each client)

Needs the Debian packages gstreamer1.0-rtsp, gir1.2-gst-rtsp-server-1.0, python3-gi and
gstreamer1.0-plugins-{base,good,bad,ugly}, gstreamer1.0-libav.
"""

import argparse
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402


# Seconds of sound that /hushed sends.
HUSHED_AFTER_S = 8


def pipelines(width, height, fps, gop, tone):
    """Launch lines of all mounts. A ball that moves in a circle: every picture differs."""
    picture = (
        "videotestsrc is-live=true pattern=ball motion=sweep background-color=0xff304050 "
        f"! video/x-raw,format=I420,width={width},height={height},framerate={fps}/1 "
    )
    x264 = f"x264enc speed-preset=ultrafast key-int-max={gop} option-string=scenecut=0 "
    h264 = f"{picture} ! {x264} tune=zerolatency ! rtph264pay name=pay0 pt=96 config-interval=-1 "
    # Three B pictures, one of them a reference: decoding and presentation order differ.
    h264b = f"{picture} ! {x264} bframes=3 b-adapt=false b-pyramid=true ! video/x-h264,profile=high "
    # Nothing in noise can be predicted, so the encoder sends what it is allowed to.
    noise = picture.replace("pattern=ball motion=sweep", "pattern=snow")
    steady = f"{x264} tune=zerolatency bitrate=2000 vbv-buf-capacity=500 "
    x265 = f"x265enc speed-preset=ultrafast tune=zerolatency key-int-max={gop} "
    wave = f"sine freq={tone}" if tone else "ticks"
    sound = f"audiotestsrc is-live=true wave={wave} "
    mono = "! audio/x-raw,rate=8000,channels=1 "
    aac = f"{sound} ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! rtpmp4gpay name="
    return {
        "/h264aac": f"{h264} {aac}pay1 pt=97",
        "/h264pcmu": f"{h264} {sound} {mono} ! mulawenc ! rtppcmupay name=pay1",
        "/h264pcma": f"{h264} {sound} {mono} ! alawenc ! rtppcmapay name=pay1",
        "/unheard": f"{h264} {aac}pay1 pt=97",
        "/hushed": f"{h264} {aac}pay1 pt=97",
        "/h264": h264,
        "/h264b": f"{h264b} ! rtph264pay name=pay0 pt=96 config-interval=-1",
        "/h265": f"{picture} ! {x265} ! rtph265pay name=pay0 pt=96 config-interval=-1",
        "/noise": f"{noise} ! {steady} ! rtph264pay name=pay0 pt=96 config-interval=-1",
        "/mjpeg": f"{picture} ! jpegenc ! rtpjpegpay name=pay0 pt=26",
        "/aac": f"{aac}pay0 pt=97",
    }


def clip(path, codecs):
    """Launch line of a file that is sent without encoding it again."""
    picture, _, sound = codecs.partition("+")
    launch = (
        f"filesrc location={path} ! qtdemux name=demux demux.video_0 ! queue "
        f"! {picture}parse ! rtp{picture}pay name=pay0 pt=96 config-interval=-1 "
    )
    if sound == "aac":
        launch += "demux.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97 "
    if sound in ("pcmu", "pcma"):
        launch += f"demux.audio_0 ! queue ! rtp{sound}pay name=pay1 "
    return launch


def end_sound(media, after_s):
    """Lets the sound through until then, and says that nothing comes where the rest would be."""

    def drop(pad, info):
        # Packets come in lists where a frame fills more than one.
        packet = info.get_buffer() or info.get_buffer_list().get(0)
        if packet.pts < after_s * Gst.SECOND:
            return Gst.PadProbeReturn.OK
        pad.push_event(Gst.Event.new_gap(packet.pts, Gst.CLOCK_TIME_NONE))
        return Gst.PadProbeReturn.DROP

    packets = Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST
    payloader = media.get_element().get_by_name("pay1")
    payloader.get_static_pad("src").add_probe(packets, drop)


def refuse_seeks(_, media):
    """Nobody rewinds what a camera sees.

    The test sources can be rewound, and a PLAY with a range would do so under all who watch. When
    two PLAYs meet in it, the server of Debian 12 aborts (`gst_rtsp_media_get_rates`).
    """

    def drop(_, info):
        is_seeking = info.get_query().type == Gst.QueryType.SEEKING
        return Gst.PadProbeReturn.DROP if is_seeking else Gst.PadProbeReturn.OK

    for at in range(media.n_streams()):
        media.get_stream(at).get_srcpad().add_probe(Gst.PadProbeType.QUERY_UPSTREAM, drop)


def require_login(server, factories, user, password):
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_digest(user, password, token)
    server.set_auth(auth)
    for factory in factories:
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        factory.set_permissions(permissions)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", default="0", help="0 takes a free one")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--gop", type=int, default=15, help="pictures from key to key")
    parser.add_argument("--tone", type=int, help="hertz of a steady tone; ticks without it")
    parser.add_argument("--clip", help="QuickTime or MP4 file")
    parser.add_argument("--codecs", default="h264+aac", help="what is in --clip")
    args = parser.parse_args()

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(args.port)
    width, height = args.size.split("x")
    factories = []
    for path, launch in pipelines(width, height, args.fps, args.gop, args.tone).items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f"( {launch} )")
        factory.set_shared(True)
        factory.connect("media-configure", refuse_seeks)
        if path in ("/unheard", "/hushed"):
            after_s = HUSHED_AFTER_S if path == "/hushed" else 0
            factory.connect("media-configure", lambda _, media, at: end_sound(media, at), after_s)
        server.get_mount_points().add_factory(path, factory)
        factories.append(factory)
    if args.clip:
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f"( {clip(args.clip, args.codecs)} )")
        server.get_mount_points().add_factory("/clip", factory)
        factories.append(factory)
    if args.user:
        require_login(server, factories, args.user, args.password or "")
    if server.attach(None) == 0:
        sys.exit(f"cannot listen on port {args.port}")

    loop = GLib.MainLoop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    print(f"port {server.get_bound_port()}", flush=True)
    loop.run()


if __name__ == "__main__":
    main()
