import Workload

/// The dependencies of Alibaba's batch jobs, drawn as Tian, Zheng and Wang do ("Characterizing and
/// synthesizing task dependencies of data-parallel jobs in Alibaba Cloud", SoCC 2019), from the counts of
/// cluster-trace-v2018 that their generator publishes (github.com/All-less/trace-generator, MIT).
///
/// A job of n tasks gets a critical path of c tasks, one on each of c levels, from the counts of jobs by n
/// and c. Its other tasks get levels from the counts of tasks by c and level, less the one of each
/// level that is on the path. Each task of a level leads to ⌈3/4 · next / own⌉ tasks of the next, chosen
/// at random; a task that none leads to gets one of the level before at random.
enum AlibabaGraph {
  /// The pairs (task, what it waits for) of a job of `size` tasks, by task.
  static func edges(size: Int, using rng: inout RandomStream) -> [(task: Int, predecessor: Int)] {
    let sizes = levelSizes(size, using: &rng)
    var edges: [(task: Int, predecessor: Int)] = []
    var (first, count) = (0, sizes[0])
    for next in sizes.dropFirst() {
      var predecessors = [[Int]](repeating: [], count: next)
      // Counted in whole numbers: ⌈3 next / 4 count⌉.
      let reach = min(next, (3 * next + 4 * count - 1) / (4 * count))
      for task in 0..<count {
        for child in rng.choose(reach, below: next) { predecessors[child].append(first + task) }
      }
      for (child, before) in predecessors.enumerated() {
        let before = before.isEmpty ? [first + rng.below(count)] : before
        for predecessor in before { edges.append((first + count + child, predecessor)) }
      }
      (first, count) = (first + count, next)
    }
    return edges
  }

  /// How many tasks each level has.
  private static func levelSizes(_ size: Int, using rng: inout RandomStream) -> [Int] {
    guard size > 1 else { return [size] }
    let lengths = pathLengths[min(size, pathLengths.count + 1) - 2]
    let length = min(draw(lengths, using: &rng) + 1, size)
    var sizes = [Int](repeating: 1, count: length)
    let weights = otherLevels[min(length, otherLevels.count) - 1]
    for _ in length..<size { sizes[min(draw(weights, using: &rng), length - 1)] += 1 }
    return sizes
  }

  /// A place with a probability in proportion to the weight there.
  private static func draw(_ weights: [Int], using rng: inout RandomStream) -> Int {
    var left = rng.below(weights.reduce(0, +))
    for (place, weight) in weights.enumerated() {
      if left < weight { return place }
      left -= weight
    }
    return weights.count - 1
  }

  /// Weights of the levels of the tasks off the critical path, by the path's length from 1.
  private static let otherLevels: [[Int]] =
    [[1]]
    + tasksByLevel.enumerated().map { place, counts in
      let length = place + 2
      return counts.enumerated().map { level, count in
        let onPath = pathLengths.reduce(0) { sum, jobs in
          let longer = jobs.dropFirst(length < 20 ? length - 1 : max(level, 19))
          return sum + (length < 20 ? longer.first ?? 0 : longer.reduce(0, +))
        }
        return max(0, count - onPath)
      }
    }

  /// Jobs of 2, 3, … 34 and at least 35 tasks by the length of their critical path, from 1.
  private static let pathLengths: [[Int]] = [
    [13429, 569739],
    [4611, 82419, 277821],
    [1195, 22808, 77247, 97931],
    [1080, 12682, 45083, 68027, 26784],
    [253, 6806, 15255, 37454, 26164, 8656],
    [740, 5258, 11424, 18783, 25406, 23052, 16169],
    [526, 1402, 4052, 16108, 10062, 12450, 2572, 2622],
    [55, 2147, 3055, 9294, 11694, 7938, 3319, 529, 2052],
    [22, 595, 3969, 5900, 5678, 8005, 3341, 1846, 149, 61],
    [18, 601, 1234, 4317, 6873, 5294, 3838, 1864, 456, 69, 93],
    [59, 365, 1622, 2780, 7688, 3430, 4461, 1949, 235, 55, 41, 129],
    [0, 347, 834, 1216, 3458, 2955, 3091, 1880, 1880, 292, 47, 4, 19],
    [11, 131, 257, 1674, 3083, 2411, 1856, 888, 884, 439, 1, 42, 0, 22],
    [1, 202, 392, 867, 1630, 3419, 3220, 771, 403, 401, 66, 1, 35],
    [135, 159, 207, 606, 1193, 1536, 2501, 1855, 1753, 1214, 336, 19, 7, 25, 6, 7],
    [1, 221, 394, 634, 883, 1032, 737, 1138, 2052, 703, 21, 5, 6, 0, 0, 3],
    [7, 83, 208, 287, 947, 672, 1576, 1439, 450, 970, 72, 34, 0, 7],
    [1, 51, 89, 267, 568, 685, 557, 1039, 340, 381, 382, 25, 6, 7, 0, 0, 0, 0, 34],
    [10, 72, 53, 156, 178, 700, 580, 636, 461, 313, 210, 35, 0, 0, 0, 0, 5, 0, 7, 6],
    [11, 223, 122, 125, 570, 935, 1010, 360, 1149, 67, 8, 1605, 7, 0, 0, 6, 0, 4, 0, 0, 28],
    [0, 109, 49, 140, 313, 144, 926, 144, 109, 52, 36, 191],
    [0, 70, 42, 124, 165, 202, 198, 144, 324, 23, 6, 12, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6],
    [2, 72, 20, 87, 123, 393, 426, 453, 88, 84, 39, 16, 283, 48, 0, 5, 0, 0, 0, 0, 0, 7],
    [8, 156, 78, 35, 124, 508, 351, 257, 129, 39, 24, 12, 7, 0, 0, 0, 0, 0, 0, 2],
    [0, 95, 24, 26, 66, 101, 634, 81, 373, 78, 12, 4],
    [
      0, 51, 32, 19, 84, 48, 367, 86, 35, 29, 406, 57, 0, 0, 0, 0, 0, 0, 6, 0, 10, 0, 0, 0, 0,
      7,
    ],
    [0, 71, 0, 50, 61, 74, 149, 1155, 111, 31, 111, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    [0, 36, 13, 23, 13, 48, 55, 191, 36, 31, 345, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    [
      7, 29, 7, 162, 90, 36, 243, 53, 29, 18, 3, 14, 0, 6, 0, 0, 6, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
      0, 3,
    ],
    [7, 38, 9, 39, 13, 32, 26, 40, 273, 12, 137, 24, 234, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 68],
    [0, 109, 2, 26, 11, 56, 5, 42, 20, 17, 30, 2, 16, 0, 0, 0, 0, 0, 0, 0, 0, 5],
    [
      0, 59, 27, 19, 31, 38, 29, 85, 9, 14, 1, 221, 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
      0, 0, 0, 0, 5,
    ],
    [
      0, 36, 0, 7, 6, 20, 26, 619, 23, 5, 35, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
      0, 0, 0, 0, 0, 5,
    ],
    [
      5, 360, 77, 117, 1022, 203, 667, 365, 278, 140, 152, 127, 92, 26, 23, 13, 3, 19, 31, 33, 4,
      6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
      0, 0, 3,
    ],
  ]

  /// Tasks of jobs whose critical path has 2, 3, … 19 and at least 20 tasks, by level from 1.
  private static let tasksByLevel: [[Int]] = [
    [958644, 777916],
    [603062, 644186, 475465],
    [378162, 495338, 396804, 284891],
    [199070, 282615, 290047, 229099, 142580],
    [124869, 158368, 173598, 169872, 127657, 88901],
    [71209, 105547, 118883, 115304, 108076, 77746, 54700],
    [34045, 48209, 57007, 61563, 53333, 49134, 35147, 23121],
    [18337, 26933, 35125, 32167, 30881, 30875, 23984, 21929, 14281],
    [7231, 10845, 11628, 13059, 13000, 12375, 11075, 8345, 6711, 5654],
    [4617, 5560, 5773, 4691, 9508, 9699, 5958, 5938, 5111, 3684, 2717],
    [3020, 8707, 12226, 3833, 4712, 3948, 3717, 6017, 4280, 3778, 2793, 2620],
    [1065, 1773, 2711, 1240, 1438, 1636, 1682, 1522, 2129, 1773, 2148, 852, 734],
    [179, 251, 308, 291, 294, 258, 250, 239, 278, 320, 264, 285, 276, 147],
    [87, 51, 72, 86, 95, 86, 70, 70, 99, 125, 94, 83, 73, 57, 29],
    [90, 108, 105, 69, 81, 68, 91, 117, 80, 86, 68, 62, 54, 61, 47, 34],
    [22, 32, 15, 17, 23, 29, 49, 66, 59, 22, 25, 19, 32, 29, 29, 23, 14],
    [43, 51, 88, 49, 58, 60, 66, 83, 73, 61, 59, 58, 65, 66, 68, 48, 36, 23],
    [
      164, 145, 122, 165, 188, 187, 163, 232, 233, 132, 155, 124, 135, 136, 101, 109, 83, 115,
      78,
    ],
    [
      356, 333, 301, 446, 380, 454, 313, 367, 479, 311, 281, 298, 296, 305, 338, 371, 396, 352,
      262, 237, 201, 200, 171, 97, 26, 26, 19, 19, 19, 16, 16, 16, 11, 11, 6, 6, 6, 6, 6, 6, 6,
      6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6,
    ],
  ]
}
