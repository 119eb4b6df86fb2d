import CShipped

/// A file of the repository that is part of the program. `Sources/CShipped/shipped.c` lists them.
package enum ShippedFile {
  /// The bytes of a file; nil if there is none of that name, such as `policies/study-100.safetensors`. O(bytes).
  package static func bytes(_ name: String) -> [UInt8]? {
    var size = 0
    guard let bytes = shipped_file(name, &size) else { return nil }
    return Array(UnsafeBufferPointer(start: bytes, count: size))
  }

  /// The text of a file; nil if there is none of that name.
  package static func text(_ name: String) -> String? {
    bytes(name).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The names of the mappings of public traces, in the order in which they are asked. The file of one is
  /// `mappings/NAME`.
  package static var mappings: [String] {
    var names: [String] = []
    while let name = shipped_mapping(names.count) { names.append(String(cString: name)) }
    return names
  }
}
