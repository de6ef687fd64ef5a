"""Table of the random streams; ``csrc/core/random/rng_streams.h`` is the same table, and a test compares the two.

The counter of Philox is (index, step, epoch, purpose | stream << 8). Two numbers of a model are independent
if their purpose, stream, epoch, step or index differs.
"""

# Purposes: the use of a random number.
INIT = 0  # initial values of parameters
SHUFFLE = 1  # order of the rows in an epoch
DROPOUT = 2
DATA_SPLIT = 3  # split into training and test rows
TEXT = 4  # tokens of generated texts
LATENT = 5  # latent numbers of a generator
MIX = 6  # points of the gradient penalty between real and generated rows
NOISE = 7  # instance noise
AUGMENT = 8
GUMBEL = 9
COLUMN = 10  # values of a table's column within their interval; the stream is the column

# Streams of dense layers: initial values of layer i from stream i.
INPUT_DROPOUT = 0
LAYER_DROPOUT = 1  # + i, behind dense layer i

# Initial values of a periodic embedding of the inputs.
FREQUENCY = 4080
PHASE = 4081
PERIODIC_WEIGHT = 4082

# Streams of a recurrent stack. Dropout on the inputs of recurrent layer l, and behind the last one, has stream l.
HEAD_DROPOUT = 64  # + i, behind dense layer i of the head
RECURRENT_DROPOUT = 128
TOKEN_EMBEDDING = 4095
RECURRENT_INIT = 4096
GATE_STREAMS = 4  # a stream a gate, so that each gate is initialised as a matrix of its own

# Streams of a GAN. The generator's are those of any model; the discriminator's begin at an offset.
LABEL_EMBEDDING = 511
DISCRIMINATOR = 1024
SINGULAR_VECTOR = 1536  # + i, of the discriminator's i-th matrix with a spectral norm
DISCRIMINATOR_STACK = 8192

ROW_LATENT = 0  # of a whole row or sequence
STEP_LATENT = 1  # + t, of step t; the drawn lengths follow the last step's

AUGMENT_CHOICE = 0  # which transforms
AUGMENT_SIZE = 1  # + t, their sizes at step t

SAMPLE_EPOCH = 0xFFFFFFFF  # the epoch in which samples are drawn; training never reaches it


def recurrent_init(layer: int, direction: int, matrix: int, gate: int) -> int:
    """Stream of the initial values of one gate of W_ih (matrix 0) or W_hh (matrix 1)."""
    return RECURRENT_INIT + ((layer * 2 + direction) * 2 + matrix) * GATE_STREAMS + gate


def recurrent_dropout(layer: int, direction: int) -> int:
    """Stream of the masks on the states of one direction."""
    return RECURRENT_DROPOUT + 2 * layer + direction
