import Foundation

/// A file of named float32 tensors and text metadata, in the safetensors format: eight bytes of
/// little-endian header length, a JSON header, the data. https://huggingface.co/docs/safetensors
public struct SafeTensors: Hashable, Sendable {
  /// A tensor.
  public struct Tensor: Hashable, Sendable {
    /// Its dimensions, outermost first.
    public var shape: [Int]
    /// Its values, the last dimension fastest.
    public var values: [Float]

    /// A tensor; the product of the shape is the number of values.
    public init(shape: [Int], values: [Float]) {
      precondition(shape.reduce(1, *) == values.count, "a shape holds as many values as there are")
      self.shape = shape
      self.values = values
    }
  }

  /// The tensors by name.
  public var tensors: [String: Tensor] = [:]
  /// Text by name.
  public var metadata: [String: String] = [:]

  /// An empty file.
  public init() {}

  /// The longest header that is believed: its JSON takes many times as much in memory.
  private static let headerLimit = 16 << 20

  /// The bytes of the file: the same content gives the same bytes.
  public func data() -> Data {
    var header: [String: Any] = [:]
    var body = Data()
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      let start = body.count
      for value in tensor.values {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { body.append(contentsOf: $0) }
      }
      header[name] = [
        "dtype": "F32", "shape": tensor.shape, "data_offsets": [start, body.count],
      ]
    }
    var metadata = metadata
    metadata["digest"] = Self.digest(body)
    header["__metadata__"] = metadata
    let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
    // A dictionary of strings, whole numbers and arrays of them can always be written.
    var json = (try? JSONSerialization.data(withJSONObject: header, options: options)) ?? Data()
    while json.count % 8 != 0 { json.append(0x20) }
    var data = Data()
    withUnsafeBytes(of: UInt64(json.count).littleEndian) { data.append(contentsOf: $0) }
    return data + json + body
  }

  /// Reads the bytes of a file.
  ///
  /// - Throws: ``CheckpointError/damaged(_:)`` where they are not a file of float32 tensors, or not what
  ///   the digest in its metadata says, if there is one.
  public init(_ data: Data) throws {
    let data = Data(data)
    guard data.count >= 8 else { throw CheckpointError.damaged("it is shorter than 8 bytes") }
    let length = data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= Self.headerLimit, Int(length) <= data.count - 8 else {
      throw CheckpointError.damaged(
        "its header is said to have \(length) bytes, and \(data.count - 8) follow")
    }
    let body = data.dropFirst(8 + Int(length))
    guard
      let header = try? JSONSerialization.jsonObject(with: data.dropFirst(8).prefix(Int(length))),
      let entries = header as? [String: Any]
    else { throw CheckpointError.damaged("its header is not a JSON object") }
    for (name, entry) in entries {
      if name == "__metadata__" {
        guard let text = entry as? [String: String] else {
          throw CheckpointError.damaged("its metadata are not text")
        }
        metadata = text
      } else {
        tensors[name] = try Self.tensor(name, entry, body)
      }
    }
    if let digest = metadata.removeValue(forKey: "digest"), digest != Self.digest(body) {
      throw CheckpointError.damaged("its values are not those that its digest was made of")
    }
  }

  private static func tensor(_ name: String, _ entry: Any, _ body: Data) throws -> Tensor {
    guard let fields = entry as? [String: Any], let type = fields["dtype"] as? String,
      let shape = fields["shape"] as? [Int], let offsets = fields["data_offsets"] as? [Int],
      offsets.count == 2
    else { throw CheckpointError.damaged("the entry of tensor '\(name)' is not complete") }
    guard type == "F32" else {
      throw CheckpointError.damaged("tensor '\(name)' is of type \(type); expected F32")
    }
    var count = 1
    for dimension in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard dimension >= 0, !overflow, product <= body.count else {
        throw CheckpointError.damaged("tensor '\(name)' is said to be \(shape)")
      }
      count = product
    }
    let (start, end) = (offsets[0], offsets[1])
    guard start >= 0, start <= end, end <= body.count, end - start == 4 * count else {
      throw CheckpointError.damaged(
        "tensor '\(name)' of shape \(shape) is said to be bytes \(start) to \(end) of \(body.count)"
      )
    }
    let bytes = body.dropFirst(start).prefix(end - start)
    let values = bytes.withUnsafeBytes { bytes in
      (0..<count).map {
        Float(
          bitPattern: UInt32(
            littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
      }
    }
    return Tensor(shape: shape, values: values)
  }

  /// FNV-1a of 64 bits: against damage, not malice.
  private static func digest(_ body: Data) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in body { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return "fnv1a64:" + String(hash, radix: 16)
  }
}

/// Why a checkpoint is refused.
public enum CheckpointError: Error, Hashable, CustomStringConvertible {
  /// It is not what a checkpoint looks like, or not what was written.
  case damaged(String)
  /// It is whole, but not for this program or purpose.
  case unsuitable(what: String, found: String, expected: String)
  /// It cannot be read or written.
  case file(String)

  public var description: String {
    switch self {
    case .damaged(let why): "not a checkpoint, or a damaged one: \(why)"
    case .unsuitable(let what, let found, let expected):
      "\(what) is \(found); expected \(expected)"
    case .file(let why): why
    }
  }
}
