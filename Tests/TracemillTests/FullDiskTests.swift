import Experiments
import Foundation
import TestSupport
import Testing

/// Whether a file system of our own can be mounted: by root, or in a user namespace.
private let canMount: Bool = {
  let tried = try? run("/bin/sh", ["-c", "unshare -rm mount -t tmpfs -o size=64k tmpfs /mnt"])
  return tried?.status == 0
}()

/// Outputs that cannot be written to the end.
@Suite struct FullDiskTests {
  let folder = TemporaryFolder()

  private func experiment() throws -> String {
    try folder.write(
      """
      name: many
      workloads: ["study:tasks=100,load=0.9,cores=60"]
      clusters: ["study:5"]
      schedulers: [random, best-fit]
      seeds: 100
      outputs: [json]
      """, to: "experiment.yaml")
  }

  private func whole() throws -> [String] {
    let made = try tracemill(
      "compare", "--experiment", experiment(), "-o", folder("whole"), "--no-report", "--quiet")
    try #require(made.status == 0, "\(made.error)")
    return try figures(ResultsStore(path: folder("whole/results.sqlite")).results())
  }

  /// A real file system without room, which then gets some.
  @Test(.enabled(if: canMount, "needs unshare and the right to mount in a name space"))
  func aFullDiskKeepsWhatIsDone() throws {
    let file = try experiment()
    try FileManager.default.createDirectory(
      atPath: folder("disk"), withIntermediateDirectories: true)
    let result = try run(
      "/bin/sh",
      [
        "-c",
        """
        exec unshare -rm sh -c '
          mount -t tmpfs -o size=1m tmpfs "$1/disk" || exit 99
          "$2" compare --experiment "$3" -o "$1/disk/r" --no-report --quiet --threads 2
          echo "first $?"
          mkdir "$1/half" && cp "$1/disk/r/"* "$1/half"
          head -c 2000000 /dev/zero >"$1/disk/rest"
          "$2" inspect "$4" --quiet --html "$1/disk/page.html" --json >/dev/null
          echo "page $?"
          "$2" report "$1/half/results.sqlite" -o "$1/disk/again" --quiet >/dev/null
          echo "report $?"
          ls "$1/disk" "$1/disk/again"
          rm "$1/disk/rest"
          mount -o remount,size=100m "$1/disk"
          "$2" compare --experiment "$3" -o "$1/disk/r" --no-report --quiet --threads 2
          echo "second $?"
          mkdir "$1/full" && cp "$1/disk/r/"* "$1/full"
        ' sh "$@"
        """, "sh", folder.path, tracemill, file, miniature,
      ])
    try #require(result.status == 0, "\(result.error)")
    #expect(
      result.error.contains(
        "results.sqlite: the disk is full; finished cells are kept, the same command goes on from there"
      ))
    for line in ["first 1", "page 1", "report 1", "second 0"] {
      #expect(result.output.contains(line), "\(result.output)\(result.error)")
    }
    #expect(result.error.contains("cannot write: No space left on device"))
    // Nothing half-written is left.
    #expect(!result.output.contains("page.html") && !result.output.contains("partial"))
    let half = try ResultsStore(path: folder("half/results.sqlite")).counts()
    #expect(half.done > 0 && half.done < 200 && half.failed == 0)
    let areTheSame =
      try figures(ResultsStore(path: folder("full/results.sqlite")).results()) == (try whole())
    #expect(areTheSame)
  }

  /// A limit on the size of files (RLIMIT_FSIZE), which SIGXFSZ would end a process for.
  @Test func aFileAtItsGreatestSizeKeepsWhatIsDone() throws {
    let file = try experiment()
    let limited = try run(
      "/bin/sh",
      [
        "-c",
        "ulimit -f 900; exec \"$1\" compare --experiment \"$2\" -o \"$3\" --no-report --quiet --threads 2",
        "sh", tracemill, file, folder("r"),
      ])
    #expect(limited.status == 1 && !limited.wasSignalled)
    #expect(limited.error.contains("has reached the greatest size that files may have here"))
    let half = try ResultsStore(path: folder("r/results.sqlite")).counts()
    #expect(half.done > 0 && half.done < 200 && half.failed == 0)
    let again = try tracemill(
      "compare", "--experiment", file, "-o", folder("r"), "--no-report", "--quiet")
    #expect(again.status == 0)
    let areTheSame =
      try figures(ResultsStore(path: folder("r/results.sqlite")).results()) == (try whole())
    #expect(areTheSame)
    // An output file likewise, and nothing half-written stays.
    let converted = try run(
      "/bin/sh",
      [
        "-c", "ulimit -f 40; exec \"$1\" convert \"$2\" -o \"$3\" --quiet", "sh", tracemill,
        miniature,
        folder("tasks.csv"),
      ])
    #expect(
      converted.status == 1 && converted.error.contains("tasks.csv: cannot write: File too large"))
    #expect(!folder.files.contains { $0.contains("tasks.csv") })
  }

  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"),
    arguments: [
      ["inspect", miniature, "--quiet"], ["compare", "--print-example"], ["--help"],
      ["help", "train"],
    ])
  func standardOutputThatIsFull(arguments: [String]) throws {
    let result = try run(
      "/bin/sh", ["-c", "exec \"$0\" \"$@\" >/dev/full", tracemill] + arguments)
    #expect(result.status == 1 && !result.wasSignalled)
    #expect(result.error.contains("<stdout>: cannot write: No space left on device"))
  }
}
