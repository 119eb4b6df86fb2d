"""Best fit as a Python class."""
import numpy

import tracemill as tm


class BestFit:
    name = "mine"

    def place(self, task, cluster):
        fits = cluster.fits(task)
        if not fits.any():
            return None  # wait
        room = numpy.where(fits, cluster.room(), numpy.iinfo(numpy.int64).max)
        return int(room.argmin())


if __name__ == "__main__":
    print(tm.simulate("study:tasks=2000,load=0.8", cluster="study:20", scheduler=BestFit()))
