import Foundation
import KubeObjects

/// A pod as it came, with what a recording keeps of it.
public struct RecordedPod: APIObject {
  public var pod: Pod
  /// Its JSON.
  public var bytes: [UInt8]

  public var metadata: Metadata { pod.metadata }
  public var identity: String { pod.uid }

  public init(from decoder: any Decoder) throws {
    pod = try Pod(from: decoder)
    bytes = []
  }

  public init(json: ArraySlice<UInt8>) throws {
    pod = try JSONDecoder().decode(Pod.self, from: Data(json))
    bytes = Array(json)
  }
}

/// A node as it came.
public struct RecordedNode: APIObject {
  public var node: Node
  /// Its JSON.
  public var bytes: [UInt8]

  public var metadata: Metadata { node.metadata }
  public var identity: String { node.name }

  public init(from decoder: any Decoder) throws {
    node = try Node(from: decoder)
    bytes = []
  }

  public init(json: ArraySlice<UInt8>) throws {
    node = try JSONDecoder().decode(Node.self, from: Data(json))
    bytes = Array(json)
  }
}

/// An event: why a pod was ended.
public struct RecordedEvent: APIObject {
  public struct Reference: Decodable, Sendable {
    public var kind: String?
    public var uid: String?
  }
  public var metadata: Metadata
  public var reason: String?
  public var involvedObject: Reference?
  public var identity: String { metadata.uid ?? metadata.name }

  /// Whether it says that a pod was made to leave its node.
  var isEviction: Bool {
    involvedObject?.kind == "Pod"
      && ["Preempted", "Evicted", "TaintManagerEviction", "EvictionByEvictionAPI"].contains(reason)
  }
}

/// Text as it stays the same for one recording, and tells nothing: eight bytes of a salted hash.
struct Pseudonyms: Sendable {
  let salt: [UInt8]

  func name(_ text: String) -> String { "u" + String(hash(text), radix: 16) }

  /// FNV-1a with the salt before and after, mixed as SplitMix64 mixes; not to be relied on against somebody who
  /// tries all names with the salt in hand, which is why the salt is not in the recording.
  func hash(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in salt + Array(text.utf8) + salt { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    hash = (hash ^ hash >> 30) &* 0xbf58_476d_1ce4_e5b9
    hash = (hash ^ hash >> 27) &* 0x94d0_49bb_1331_11eb
    return hash ^ hash >> 31
  }
}
