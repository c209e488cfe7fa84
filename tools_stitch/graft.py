"""Stitch Lite2's encoder under the decoder of a lite0-queries: linear maps of its features onto the old ones (ridge)."""
import sys, random, torch, numpy as np
from pathlib import Path
from PIL import Image
from colorizer import models, color
from colorizer.checkpoints.store import load_network
from colorizer.models.efficientnet_lite import imagenet_state, LITE2
torch.manual_seed(0); random.seed(0)
torch.set_num_threads(1)
old,card=load_network(Path('/work/main/weights/photo')); old.eval()
new=models.build('lite2-queries'); new.encoder.load_imagenet(imagenet_state(LITE2)); new.eval()
D=Path('/work/shared/data'); files=[f for d in ('flowers','landscapes','streets','objects','people','everyday') for f in sorted((D/d).rglob('*')) if f.suffix.lower() in('.jpg','.jpeg','.webp','.png')]
random.shuffle(files); N=int(sys.argv[1]); files=files[:N+200]
def load(f):
    im=Image.open(f).convert('RGB'); s=128/min(im.size); im=im.resize((max(128,round(im.width*s)),max(128,round(im.height*s))),Image.LANCZOS)
    x=(im.width-128)//2; y=(im.height-128)//2
    return torch.from_numpy(np.asarray(im.crop((x,y,x+128,y+128)))).permute(2,0,1)
def L(batch): return color.srgb_to_lab(batch.float()/255)[:,:1]
K=4; G=[0]*K; C=[0]*K; Y=[0]*K; cnt=[0]*K; mu=[None]*K
def feats(b):
    g=L(b)/50-1
    return new.encoder(g),old.encoder(g)
held=[]
with torch.no_grad():
    for i in range(0,len(files),20):
        b=torch.stack([load(f) for f in files[i:i+20]]); a,o=feats(b)
        if i>=N: held.append((a,o)); continue
        for k in range(K):
            X=a[k].permute(0,2,3,1).reshape(-1,a[k].shape[1]).double(); T=o[k].permute(0,2,3,1).reshape(-1,o[k].shape[1]).double()
            X=torch.cat([X,torch.ones(len(X),1).double()],1)
            G[k]=G[k]+X.T@X; C[k]=C[k]+X.T@T; cnt[k]+=len(X)
maps=[]
for k in range(K):
    lam=1e-3*G[k].diagonal()[:-1].mean(); R=torch.eye(len(G[k])).double()*lam; R[-1,-1]=0
    maps.append(torch.linalg.solve(G[k]+R,C[k]))
    num=den=0
    for a,o in held:
        X=a[k].permute(0,2,3,1).reshape(-1,a[k].shape[1]).double(); T=o[k].permute(0,2,3,1).reshape(-1,o[k].shape[1]).double()
        P=X@maps[k][:-1]+maps[k][-1]; num+=((P-T)**2).sum(); den+=((T-T.mean(0))**2).sum()
    print('scale',k,'R2',1-(num/den).item(),flush=True)
so=old.state_dict(); sn=new.state_dict()
for name,t in so.items():
    if name.startswith('encoder.'): continue
    if sn[name].shape==t.shape: sn[name]=t.clone()
def comp(conv,k,dec):
    w=so[conv].double(); A=maps[k]
    d=w[:,:dec]; e=w[:,dec:]
    ne=torch.einsum('ofhw,xf->oxhw',e,A[:-1]); bias=torch.einsum('ofhw,f->o',e,A[-1])
    sn[conv]=torch.cat([d,ne],1).float(); return bias
names=[n for n in so if n.split('.')[0] in('deep','up16','up8','up4')]; print(names)
for blk,k,dec in (('deep',3,0),('up16',2,160),('up8',1,160),('up4',0,96)):
    conv=next(n for n in names if n.startswith(blk+'.') and so[n].ndim==4)
    b=comp(conv,k,dec)
    rm=next(n for n in names if n.startswith(blk+'.') and n.endswith('running_mean')); sn[rm]=(so[rm].double()-b).float()
new.load_state_dict(sn)
with torch.no_grad():
    e0=e1=e2=n=0
    for i in range(N,len(files),20):
        b=torch.stack([load(f) for f in files[i:i+20]]); lab=color.srgb_to_lab(b.float()/255); t=torch.nn.functional.avg_pool2d(lab[:,1:],1)
        e0+=((old.to_ab(old(lab[:,:1]))-t)**2).sum(); e1+=((new.to_ab(new(lab[:,:1]))-t)**2).sum(); e2+=(t**2).sum(); n+=t.numel()/2
    print('ab rmse old, stitched, grey',[(x/n/1).sqrt().item() for x in(e0,e1,e2)])
from safetensors.torch import save_file

out=Path(sys.argv[2]); (out/'state').mkdir(parents=True,exist_ok=True)
save_file({'model.'+k:v.contiguous() for k,v in new.state_dict().items()},out/'state/last.safetensors')
