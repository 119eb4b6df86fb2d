"""Decodes a Perfetto trace with the descriptors that PyPI's perfetto ships, for TimelineTests.

Prints {"slices": [[machine, lane, begin_ns, end_ns, name, category, wait_us], ...], "counters":
{name: [[ns, value], ...]}}.
"""

import json
import sys

from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import Trace, TrackEvent

trace = Trace()
with open(sys.argv[1], "rb") as file:
    trace.ParseFromString(file.read())
tracks, slices, counters, open_slices = {}, [], {}, {}
assert len({packet.trusted_packet_sequence_id for packet in trace.packet}) == 1
for packet in trace.packet:
    if packet.HasField("track_descriptor"):
        track = packet.track_descriptor
        assert track.uuid not in tracks, "a track is described twice"
        parent = tracks[track.parent_uuid]["name"] if track.HasField("parent_uuid") else None
        tracks[track.uuid] = {
            "name": track.name, "parent": parent, "counter": track.HasField("counter")}
events = [packet for packet in trace.packet if packet.HasField("track_event")]
# As the importer does: by time; what is written first goes first.
for packet in sorted(events, key=lambda packet: packet.timestamp):
    event = packet.track_event
    track = tracks[event.track_uuid]
    if event.type == TrackEvent.TYPE_COUNTER:
        assert track["counter"]
        counters.setdefault(track["name"], []).append([packet.timestamp, event.double_counter_value])
    elif event.type == TrackEvent.TYPE_SLICE_BEGIN:
        wait = {note.name: note.int_value for note in event.debug_annotations}["wait_us"]
        slices.append([track["parent"], track["name"], packet.timestamp, None, event.name,
                       event.categories[0], wait])
        open_slices.setdefault(event.track_uuid, []).append(len(slices) - 1)
    else:
        assert event.type == TrackEvent.TYPE_SLICE_END
        slices[open_slices[event.track_uuid].pop()][3] = packet.timestamp
assert not any(open_slices.values()), "a slice has no end"
json.dump({"slices": slices, "counters": counters}, sys.stdout)
