"""Loads models by the stock client and prints what they predict: ask_model.py DATA URI=FLAVOUR,FLAVOUR…"""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import mlflow

frame = pd.DataFrame(**json.loads(Path(sys.argv[1]).read_text()))
for asked in sys.argv[2:]:
    uri, _, flavours = asked.rpartition("=")
    for flavour in flavours.split(","):
        try:
            if flavour in {"pyfunc", "texts"}:
                model = mlflow.pyfunc.load_model(uri)
            else:
                model = importlib.import_module(f"mlflow.{flavour}").load_model(uri)
            found = model.predict(["a", "b"] if flavour == "texts" else frame)
            print(json.dumps([uri, flavour, np.asarray(found).tolist()]))
        except Exception as error:
            print(json.dumps([uri, flavour, repr(error)]))
