import CTracemill

/// The memory behind one exported Arrow array or schema, given back when its consumer releases it.
final class ArrowMemory {
  private var blocks: [UnsafeMutableRawPointer] = []
  private var arrays: [UnsafeMutablePointer<ArrowArray>] = []
  private var schemas: [UnsafeMutablePointer<ArrowSchema>] = []

  deinit {
    for array in arrays {
      array.pointee.release?(array)
      array.deallocate()
    }
    for schema in schemas {
      schema.pointee.release?(schema)
      schema.deallocate()
    }
    for block in blocks { block.deallocate() }
  }

  /// Zeroed memory for `count` values; at least one.
  func block<Value: BitwiseCopyable>(_ count: Int, of: Value.Type) -> UnsafeMutablePointer<Value> {
    let bytes = max(count, 1) * MemoryLayout<Value>.stride
    // Arrow asks for 8, recommends 64.
    let block = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    block.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    blocks.append(block)
    return block.bindMemory(to: Value.self, capacity: max(count, 1))
  }

  /// A text that ends in 0.
  func text(_ text: String) -> UnsafePointer<CChar> {
    let bytes = Array(text.utf8CString)
    let copy = block(bytes.count, of: CChar.self)
    copy.update(from: bytes, count: bytes.count)
    return UnsafePointer(copy)
  }

  /// Takes over arrays as children; returns the list that a parent points to.
  func children(_ list: [ArrowArray]) -> UnsafeMutablePointer<UnsafeMutablePointer<ArrowArray>?> {
    let places = block(list.count, of: UnsafeMutablePointer<ArrowArray>?.self)
    for (place, array) in list.enumerated() { places[place] = keep(array) }
    return places
  }

  /// Takes over an array, such as a dictionary.
  func keep(_ array: ArrowArray) -> UnsafeMutablePointer<ArrowArray> {
    let kept = UnsafeMutablePointer<ArrowArray>.allocate(capacity: 1)
    kept.initialize(to: array)
    arrays.append(kept)
    return kept
  }

  func children(_ list: [ArrowSchema]) -> UnsafeMutablePointer<UnsafeMutablePointer<ArrowSchema>?> {
    let places = block(list.count, of: UnsafeMutablePointer<ArrowSchema>?.self)
    for (place, schema) in list.enumerated() { places[place] = keep(schema) }
    return places
  }

  func keep(_ schema: ArrowSchema) -> UnsafeMutablePointer<ArrowSchema> {
    let kept = UnsafeMutablePointer<ArrowSchema>.allocate(capacity: 1)
    kept.initialize(to: schema)
    schemas.append(kept)
    return kept
  }

  /// An array of these buffers that owns this memory.
  func array(
    length: Int, nulls: Int, buffers: [UnsafeRawPointer?], children: [ArrowArray] = [],
    dictionary: ArrowArray? = nil
  ) -> ArrowArray {
    let places = block(buffers.count, of: UnsafeRawPointer?.self)
    for (place, buffer) in buffers.enumerated() { places[place] = buffer }
    var array = ArrowArray()
    array.length = Int64(length)
    array.null_count = Int64(nulls)
    array.n_buffers = Int64(buffers.count)
    array.buffers = places
    if !children.isEmpty {
      array.n_children = Int64(children.count)
      array.children = self.children(children)
    }
    array.dictionary = dictionary.map { keep($0) }
    array.private_data = Unmanaged.passRetained(self).toOpaque()
    array.release = { array in
      guard let array, let memory = array.pointee.private_data else { return }
      array.pointee.release = nil
      array.pointee.private_data = nil
      Unmanaged<ArrowMemory>.fromOpaque(memory).release()
    }
    return array
  }

  /// A schema that owns this memory.
  func schema(
    _ format: String, name: String, nullable: Bool, children: [ArrowSchema] = [],
    dictionary: ArrowSchema? = nil
  ) -> ArrowSchema {
    var schema = ArrowSchema()
    schema.format = text(format)
    schema.name = text(name)
    schema.flags = nullable ? Int64(ARROW_FLAG_NULLABLE) : 0
    if !children.isEmpty {
      schema.n_children = Int64(children.count)
      schema.children = self.children(children)
    }
    schema.dictionary = dictionary.map { keep($0) }
    schema.private_data = Unmanaged.passRetained(self).toOpaque()
    schema.release = { schema in
      guard let schema, let memory = schema.pointee.private_data else { return }
      schema.pointee.release = nil
      schema.pointee.private_data = nil
      Unmanaged<ArrowMemory>.fromOpaque(memory).release()
    }
    return schema
  }
}
