"""SCRATCH - replaced by the agents module of the describe branch."""
import numpy as np, pandas as pd
from enteroscan import vocabulary
from scipy.special import ndtr

def incubation_parameters(agents=None):
    a = vocabulary.agents() if agents is None else agents
    mu = np.log(a["incubation_median_h"].astype(float)); s=(np.log(a["incubation_max_h"].astype(float))-np.log(a["incubation_min_h"].astype(float)))/(2*1.96)
    return pd.DataFrame({"key":a["key"],"mu_log_h":mu,"sigma_log_h":s})

def log_incubation(hours, hour_known, agents=None):
    p=incubation_parameters(agents); mu=p.mu_log_h.to_numpy(); s=p.sigma_log_h.to_numpy()
    h=np.asarray(hours,float)[:,None]
    known=np.asarray(hour_known,bool)[:,None]
    w=np.where(known,1.0,24.0)
    lo=np.maximum(h-w/2,1e-9); hi=np.maximum(h+w/2,1e-6)
    pr=ndtr((np.log(hi)-mu)/s)-ndtr((np.log(lo)-mu)/s)
    return np.log(np.maximum(pr/w,1e-9))

def log_symptoms(frame, agents=None):
    p=incubation_parameters(agents); sy=vocabulary.agent_symptoms()
    cols=[c for c in frame.columns if c.startswith("symptom_")]
    out=np.zeros((len(frame),len(p)))
    for c in cols:
        k=c.removeprefix("symptom_")
        f=sy[sy.symptom==k].set_index("agent").frequency.reindex(p.key).astype(float)
        v=frame[c]; known=v.notna().to_numpy(); yes=v.fillna(False).astype(bool).to_numpy()
        base=(yes.sum()+.5)/(known.sum()+1)
        f=f.fillna(min(base,0.1)).clip(0.01,0.99).to_numpy()
        l=np.where(yes[:,None],np.log(f),np.log(1-f))
        lb=np.where(yes,np.log(base),np.log(1-base))
        out+=np.where(known[:,None],l-lb[:,None],0)
    return out
