"""The `pickle_module` of `torch.save` and `torch.load`: cloudpickle, which saves classes of scripts, too.

MLflow has a module of this name, which the files of models name.
"""

from pickle import Unpickler, load, loads

from cloudpickle import CloudPickler as Pickler
from cloudpickle import dump, dumps

__all__ = ["Pickler", "Unpickler", "dump", "dumps", "load", "loads"]
