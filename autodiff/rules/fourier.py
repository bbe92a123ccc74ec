"""numpy.fft: the discrete Fourier transforms, each linear."""
