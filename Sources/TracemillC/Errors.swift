import CTracemill
import Configuration
import Diagnostics
import ExternalSchedulers
import Fitting
import Runs
import TraceParsing

/// What a caller is told of a failure: `tm_error`.
final class FaceError {
  struct Issue {
    var message: FaceText
    var file = FaceText("")
    var path = FaceText("")
    var line: Int64 = 0
    var column: Int64 = 0
  }

  let code: CInt
  let message: FaceText
  let issues: [Issue]

  init(_ error: any Error) {
    switch error {
    case let error as TraceError:
      code =
        switch error.code {
        case .inputOutput: CInt(TM_ERROR_IO)
        case .unrecognised: CInt(TM_ERROR_UNRECOGNISED)
        case .damaged: CInt(TM_ERROR_DAMAGED)
        case .malformedRow: CInt(TM_ERROR_ROW)
        case .disorder: CInt(TM_ERROR_DISORDER)
        case .missing: CInt(TM_ERROR_MISSING)
        }
      issues = [
        Issue(
          message: FaceText(error.message), file: FaceText(error.file ?? ""),
          line: Int64(error.line ?? 0), column: Int64(error.column ?? 0))
      ]
    case let error as ConfigurationError:
      code = CInt(TM_ERROR_DESCRIPTION)
      issues = error.issues.map {
        Issue(
          message: FaceText($0.message), file: FaceText(error.file), path: FaceText($0.path),
          line: Int64($0.line), column: Int64($0.column))
      }
    case is ForeignFailure:
      code = CInt(TM_ERROR_SCHEDULER)
      issues = [Issue(message: FaceText("\(error)"))]
    case is CancellationError:
      code = CInt(TM_ERROR_CANCELLED)
      message = FaceText("cancelled")
      issues = [Issue(message: message)]
      return
    default:
      code = CInt(TM_ERROR_REQUEST)
      issues = [Issue(message: FaceText("\(error)"))]
    }
    message = FaceText("\(error)")
  }
}

/// A text that C may read for as long as the object exists; it is never written to.
final class FaceText: @unchecked Sendable {
  let start: UnsafeMutablePointer<CChar>

  init(_ text: String) {
    start = faceText(text)
  }

  deinit { start.deallocate() }
}

/// A copy of a text for C, given back with `tm_text_free`.
func faceText(_ text: String) -> UnsafeMutablePointer<CChar> {
  let bytes = text.utf8CString
  let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
  bytes.withUnsafeBufferPointer { copy.initialize(from: $0.baseAddress!, count: bytes.count) }
  return copy
}

/// Runs `body`; where it throws, puts the error where the caller wants it, and returns nil.
func attempt<Value>(
  _ error: UnsafeMutablePointer<OpaquePointer?>?, _ body: () throws -> Value
) -> Value? {
  do { return try body() } catch let failure {
    error?.pointee = handle(FaceError(failure))
    return nil
  }
}

/// An object as an opaque pointer that owns it.
func handle(_ object: AnyObject) -> OpaquePointer {
  OpaquePointer(Unmanaged.passRetained(object).toOpaque())
}

/// The object behind an opaque pointer.
func object<Object: AnyObject>(_ handle: OpaquePointer, as: Object.Type) -> Object {
  Unmanaged<Object>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
}

/// Gives an opaque pointer's object back.
func release<Object: AnyObject>(_ handle: OpaquePointer?, as: Object.Type) {
  if let handle { Unmanaged<Object>.fromOpaque(UnsafeRawPointer(handle)).release() }
}

private let version = FaceText(Toolkit.version)
#if DEBUG
  private let build = FaceText("debug")
#else
  private let build = FaceText("release")
#endif

@_cdecl("tm_abi_version")
public func abiVersion() -> UInt32 { UInt32(TRACEMILL_ABI_VERSION) }

@_cdecl("tm_version")
public func versionText() -> UnsafePointer<CChar> { UnsafePointer(version.start) }

@_cdecl("tm_build")
public func buildText() -> UnsafePointer<CChar> { UnsafePointer(build.start) }

@_cdecl("tm_text_free")
public func textFree(_ text: UnsafeMutablePointer<CChar>?) { text?.deallocate() }

@_cdecl("tm_error_code")
public func errorCode(_ error: OpaquePointer?) -> CInt {
  error.map { object($0, as: FaceError.self).code } ?? 0
}

@_cdecl("tm_error_message")
public func errorMessage(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
  error.map { UnsafePointer(object($0, as: FaceError.self).message.start) }
}

@_cdecl("tm_error_count")
public func errorCount(_ error: OpaquePointer?) -> Int {
  error.map { object($0, as: FaceError.self).issues.count } ?? 0
}

@_cdecl("tm_error_issue")
public func errorIssue(
  _ error: OpaquePointer?, _ issue: Int,
  _ file: UnsafeMutablePointer<UnsafePointer<CChar>?>?,
  _ path: UnsafeMutablePointer<UnsafePointer<CChar>?>?, _ line: UnsafeMutablePointer<Int64>?,
  _ column: UnsafeMutablePointer<Int64>?
) -> UnsafePointer<CChar>? {
  guard let error else { return nil }
  let issues = object(error, as: FaceError.self).issues
  guard issues.indices.contains(issue) else { return nil }
  file?.pointee = UnsafePointer(issues[issue].file.start)
  path?.pointee = UnsafePointer(issues[issue].path.start)
  line?.pointee = issues[issue].line
  column?.pointee = issues[issue].column
  return UnsafePointer(issues[issue].message.start)
}

@_cdecl("tm_error_free")
public func errorFree(_ error: OpaquePointer?) { release(error, as: FaceError.self) }
